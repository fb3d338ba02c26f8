import type { Supervised } from '../parts/supervised.js';

/** What a service says in its log when it is well. */
const WELL = new Set(['trace', 'debug', 'info']);

/**
 * Collects every line that a program has written and writes from now on that is a warning, an error, or no structured
 * line at all.
 */
export function complaintsOf(program: Supervised): readonly string[] {
  const complaints: string[] = [];
  const judge = (line: string) => {
    if (!isWell(line)) complaints.push(`${program.name}: ${line}`);
  };
  program.log.since(0).forEach(judge);
  program.log.onLine(judge);
  return complaints;
}

/** Whether a line of a service's log is structured, and neither a warning nor an error. */
export function isWell(line: string): boolean {
  try {
    const { level } = JSON.parse(line) as { readonly level?: unknown };
    return typeof level === 'string' && WELL.has(level);
  } catch {
    return false;
  }
}
