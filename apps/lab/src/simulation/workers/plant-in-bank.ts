import { join } from 'node:path';
import { marksIn, replaceTexts } from '../../mutants/plant-mutants.js';
import { repositoryRoot } from '../../parts/repository.js';
import { Catalog } from '../database/catalog.js';

/**
 * Takes safeguards out of both services, before they are loaded.
 * @param ran told a mark each time its text runs; without it nobody looks
 * @throws LabError for a name that nobody knows, or a file that neither service has; MutantNotFoundError
 */
export function plantInBank(names: readonly string[], ran?: (mark: string) => void): void {
  if (names.length === 0) return;
  const builds = ['transactions', 'accounts'].map((service) => join(repositoryRoot, 'dist', 'apps', service));
  replaceTexts(names, builds, ran ?? (() => undefined));
  if (ran === undefined) return;
  watch('statement', ran);
  watch('define', ran);
}

/** Every statement is looked up in the catalog when it is sent, and every migration defines what is in it. */
function watch(name: 'statement' | 'define', ran: (mark: string) => void): void {
  type Method = (this: Catalog, text: string) => unknown;
  const prototype = Catalog.prototype as unknown as Record<typeof name, Method>;
  const original = prototype[name];
  prototype[name] = function (text) {
    for (const mark of marksIn(text)) ran(mark);
    return original.call(this, text);
  };
}
