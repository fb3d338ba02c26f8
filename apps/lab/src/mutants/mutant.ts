/**
 * Stands, in what code is replaced by, for the call that tells that it ran; the call has no value, so that `?? value` may
 * follow it. Default: it is called before the rest.
 */
export const HERE = '‹ran›';

/** One text of the program's that is changed. */
export interface Edit {
  /** The source file, from the repository's root; its built form is what is changed. */
  readonly file: string;
  /** The function or the SQL text that it stands in. */
  readonly within: string;
  /**
   * - `code`: whole statements, so that a call can be put before them; or {@link HERE} says where it goes. It has run when
   *   that call ran.
   * - `sql`: part of an SQL text. It has run when a statement with it was sent to the database.
   */
  readonly language: 'code' | 'sql';
  /** Stands exactly once in the file and in its built form; how much white space is between two words does not matter. */
  readonly find: string;
  /** What stands there instead; nothing: the text is taken out. */
  readonly replace: string;
}

/** A safeguard that is taken out, and what becomes of the bank then. */
export interface Mutant {
  readonly name: string;
  /** The safeguard that it takes out, in words. */
  readonly safeguard: string;
  readonly edits: readonly Edit[];
  /** What goes wrong without it, in words. */
  readonly breaks: string;
}

/** What the agent writes when the changed text has run: one mark for each edit of a mutant. */
export function markOf(mutant: string, edit: number): string {
  return `${mutant}#${edit + 1}`;
}
