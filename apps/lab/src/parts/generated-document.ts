import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './repository.js';

/** A document of the repository that a command generates. */
export interface GeneratedDocument {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  /** The command that writes it. */
  readonly command: string;
}

/**
 * Writes a document, or compares it with the committed one.
 * @returns what is wrong with it, if anything
 */
export async function settleDocument(
  { path, text, command }: GeneratedDocument,
  write: boolean,
): Promise<string[]> {
  const file = join(repositoryRoot, path);
  if (write) {
    await writeFile(file, text);
    return [];
  }
  const committed = await readFile(file, 'utf8').catch(() => '');
  return committed === text ? [] : [`${path} shows something else: ${command}`];
}
