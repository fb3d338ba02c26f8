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
  const planted = names.map(mutantOf);
  const sources = rewritten(planted, buildRoot);
  const reported = new Set<string>();
  const ran = (mark: string) => {
    if (reported.has(mark)) return;
    reported.add(mark);
    tell({ kind: 'mutant-ran', mutant: mark, pid: process.pid });
  };
  Object.assign(globalThis, { [RAN]: ran });
  if (planted.some(({ edits }) => edits.some(({ language }) => language === 'sql'))) watchSql(buildRoot, ran);
  giveTo(sources);
}

function rewritten(mutants: readonly Mutant[], buildRoot: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { name, edits } of mutants) {
    for (const [index, edit] of edits.entries()) {
      const file = builtFile(buildRoot, edit.file);
      if (!existsSync(file)) throw new ForeignMutantError(name, edit.file);
      const url = pathToFileURL(file).href;
      sources.set(url, rewrite(sources.get(url) ?? readFileSync(file, 'utf8'), name, edit, index));
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
    for (const [, mark] of text.matchAll(SQL_MARK)) ran(mark ?? '');
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
