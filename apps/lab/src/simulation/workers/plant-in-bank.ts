import { join } from 'node:path';
import { replaceTexts, marksIn } from '../../mutants/plant-mutants.js';
import { repositoryRoot } from '../../parts/repository.js';
import { Session, type Answer } from '../database/server.js';

type Query = (this: Session, text: string, parameters?: readonly unknown[]) => Promise<Answer>;

/**
 * Takes safeguards out of both services, before they are loaded.
 * @param ran told a mark each time its text runs
 * @throws LabError for a name that nobody knows, or a file that neither service has; MutantNotFoundError
 */
export function plantInBank(names: readonly string[], ran: (mark: string) => void): void {
  if (names.length === 0) return;
  const builds = ['transactions', 'accounts'].map((service) => join(repositoryRoot, 'dist', 'apps', service));
  replaceTexts(names, builds, ran);
  const { query: send } = Session.prototype as { readonly query: Query };
  Session.prototype.query = function (text, parameters) {
    for (const mark of marksIn(text)) ran(mark);
    return send.call(this, text, parameters);
  };
}
