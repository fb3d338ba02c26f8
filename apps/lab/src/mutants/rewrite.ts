import { LabError } from '../lab.errors.js';
import { HERE, markOf, type Edit } from './mutant.js';

/** The text that a mutant changes is not in its file exactly once: the file is another one than the mutant was made for. */
export class MutantNotFoundError extends LabError {
  readonly code = 'LAB_MUTANT_NOT_FOUND';

  constructor(
    readonly mutant: string,
    readonly edit: Edit,
    readonly occurrences: number,
  ) {
    super(
      `mutant ${mutant}: expected exactly once in ${edit.file}, found ${occurrences} times:\n${edit.find}`,
    );
  }
}

/** Of the function that code calls which was changed: on the global object, where every module finds it. */
export const RAN = 'labMutantRan';
/** In an SQL text that was changed. */
export const SQL_MARK = /\/\* lab mutant (\S+) \*\//g;

/**
 * Changes a file's text as an edit wants it, and adds what tells that it ran.
 * @throws MutantNotFoundError
 */
export function rewrite(text: string, mutant: string, edit: Edit, index: number): string {
  const [first, ...others] = occurrencesOf(text, edit.find);
  if (first === undefined || others.length > 0) {
    throw new MutantNotFoundError(mutant, edit, others.length + (first === undefined ? 0 : 1));
  }
  return text.slice(0, first.start) + replacementOf(edit, markOf(mutant, index)) + text.slice(first.end);
}

function replacementOf({ language, replace }: Edit, mark: string): string {
  if (language === 'sql') return `/* lab mutant ${mark} */ ${replace}`;
  const call = `globalThis.${RAN}('${mark}')`;
  return replace.includes(HERE) ? replace.replace(HERE, call) : `${call}; ${replace}`;
}

/** Where a text occurs, however its words are spread over lines. */
export function occurrencesOf(
  text: string,
  find: string,
): { readonly start: number; readonly end: number }[] {
  const words = find.trim().split(/\s+/).map(escaped);
  const pattern = new RegExp(words.join(String.raw`\s+`), 'g');
  return [...text.matchAll(pattern)].map(({ index, 0: found }) => ({
    start: index,
    end: index + found.length,
  }));
}

function escaped(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
