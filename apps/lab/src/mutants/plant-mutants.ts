import { readFileSync, existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tell } from '../agent/agent-pipe.js';
import { builtFile } from '../agent/program-files.js';
import { LabError } from '../lab.errors.js';
import type { Mutant } from './mutant.js';
import { mutantOf } from './mutants.js';
import { initialize, load } from './replaced-sources.hooks.js';
import { RAN, rewrite, SQL_MARK } from './rewrite.js';

/** What Node 22.15 and newer have in place of `module.register`, which goes away after Node 26. */
type RegisterHooks = (hooks: { load: typeof load }) => void;

/**
 * Changes the texts of a program that is about to be loaded. Whatever cannot be changed ends the process at once: a run
 * without its mutant would say that the safeguard does not matter.
 * @throws LabError for a name that nobody knows, or a file that this program does not have; MutantNotFoundError
 */
export function plantMutants(names: readonly string[], buildRoot: string): void {
  const reported = new Set<string>();
  const ran = (mark: string) => {
    if (reported.has(mark)) return;
    reported.add(mark);
    tell({ kind: 'mutant-ran', mutant: mark, pid: process.pid });
  };
  replaceTexts(names, [buildRoot], ran);
  if (names.map(mutantOf).some(({ edits }) => edits.some(({ language }) => language === 'sql'))) {
    watchSql(buildRoot, ran);
  }
}

/**
 * Changes the texts of programs that are about to be loaded, each in every build that has it.
 * @param ran told the mark of changed code each time it runs; what was sent to a database is its sender's to tell:
 *   {@link marksIn}
 * @throws LabError for a name that nobody knows, or a file that no build has; MutantNotFoundError
 */
export function replaceTexts(
  names: readonly string[],
  buildRoots: readonly string[],
  ran: (mark: string) => void,
): void {
  // Without a value, whatever `ran` gives: code goes on behind it with `??`.
  Object.assign(globalThis, { [RAN]: (mark: string) => void ran(mark) });
  giveTo(rewritten(names.map(mutantOf), buildRoots));
}

/** The marks of changed SQL in a statement. */
export function marksIn(statement: string): string[] {
  return [...statement.matchAll(SQL_MARK)].map(([, mark = '']) => mark);
}

function rewritten(mutants: readonly Mutant[], buildRoots: readonly string[]): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { name, edits } of mutants) {
    for (const [index, edit] of edits.entries()) {
      const files = buildRoots.map((root) => builtFile(root, edit.file)).filter((file) => existsSync(file));
      if (files.length === 0) throw new ForeignMutantError(name, edit.file);
      for (const file of files) {
        const url = pathToFileURL(file).href;
        sources.set(url, rewrite(sources.get(url) ?? readFileSync(file, 'utf8'), name, edit, index));
      }
    }
  }
  return sources;
}

function giveTo(sources: ReadonlyMap<string, string>): void {
  const { registerHooks } = module as unknown as { readonly registerHooks?: RegisterHooks };
  if (registerHooks === undefined) {
    module.register('./replaced-sources.hooks.js', { parentURL: import.meta.url, data: sources });
    return;
  }
  initialize(sources);
  registerHooks({ load });
}

/** A changed SQL text has run when it was sent: that it was read, with its file, says nothing. */
function watchSql(buildRoot: string, ran: (mark: string) => void): void {
  type Query = (this: unknown, query: unknown, ...more: unknown[]) => unknown;
  const { Client } = createRequire(join(buildRoot, 'index.js'))('pg') as {
    Client: { prototype: { query: Query } };
  };
  const { query: send } = Client.prototype;
  Client.prototype.query = function (query, ...more) {
    const text = typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text);
    for (const mark of marksIn(text)) ran(mark);
    return send.call(this, query, ...more);
  };
}

/** The program that a mutant was given to does not have the file that it changes. */
class ForeignMutantError extends LabError {
  readonly code = 'LAB_MUTANT_FOREIGN';

  constructor(mutant: string, file: string) {
    super(`mutant ${mutant} changes ${file}, which this program does not have`);
  }
}
