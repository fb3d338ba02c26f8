import type { Closers } from '../parts/closers.js';
import { settleDocument, type GeneratedDocument } from '../parts/generated-document.js';
import { textTable } from '../parts/text-table.js';
import { kindsOf } from './checks/finding.js';
import type { Experiment } from './experiments.js';
import { MUTANTS_HELP, parseMutantsOptions } from './mutants-options.js';
import { runExperiments, type Played } from './run-experiments.js';
import { renderSafeguards, SAFEGUARDS_DOCUMENT } from './safeguards-document.js';

/**
 * `npm run mutants`: takes every safeguard out in turn and sees what breaks.
 * @param open takes what must be closed when the user breaks it off
 * @returns the exit code: 0 only if each turned its scenario red, and all were green before
 * @throws LabError
 */
export async function mutants(commandLine: readonly string[], open: Closers): Promise<number> {
  const { help, experiments, scenes, write } = parseMutantsOptions(commandLine);
  if (help) {
    console.log(MUTANTS_HELP);
    return 0;
  }
  const startedAt = performance.now();
  const played = await runExperiments({ experiments, scenes, onPlayed: tell }, open);
  console.log(`\n${tableOf(experiments, played)}\n`);
  const complaints = played.flatMap((one) =>
    one.complaint === undefined ? [] : [`${nameOf(one)}: ${one.complaint}`],
  );
  // What is written must have been seen.
  if (complaints.length === 0) complaints.push(...(await settleDocument(document(), write)));
  for (const complaint of complaints) console.error(complaint);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const sum = `${experiments.length} times without a safeguard, ${played.length - experiments.length} scenarios with all`;
  console.log(
    `${sum}, in ${minutes} min: ${complaints.length === 0 ? 'all as expected' : 'NOT as expected'}`,
  );
  return complaints.length === 0 ? 0 : 1;
}

function tell(played: Played): void {
  const { findings, complaint, tookMs } = played;
  const found = findings.length === 0 ? 'green' : kindsOf(findings).join(', ');
  console.log(`${nameOf(played)}: ${complaint ?? found} (${(tookMs / 1_000).toFixed(1)} s)`);
  for (const { kind, text } of findings) console.log(`    ${kind}: ${text}`);
}

function nameOf({ check, mutants: names }: Played): string {
  return `${check.name}, ${names.length === 0 ? 'with every safeguard' : `with ${names.join(' and ')}`}`;
}

/** A row for each experiment: the scenario with all safeguards, and without. */
function tableOf(experiments: readonly Experiment[], played: readonly Played[]): string {
  const head = ['mutants', 'scenario', 'with all', 'without', ''];
  const rows = experiments.map(({ mutants: names, check }) => {
    const of = (wanted: readonly string[]) =>
      played.find((one) => one.check.name === check && one.mutants.join() === wanted.join());
    const without = of(names);
    return [names.join(' + '), check, verdictOf(of([])), verdictOf(without), remarkOn(without)];
  });
  return textTable([head, ...rows]);
}

function remarkOn(played: Played | undefined): string {
  return played?.complaint?.split('\n', 1)[0] ?? 'as expected';
}

function verdictOf(played: Played | undefined): string {
  if (played === undefined) return 'not played';
  return played.findings.length === 0 ? 'green' : kindsOf(played.findings).join(', ');
}

function document(): GeneratedDocument {
  return { path: SAFEGUARDS_DOCUMENT, text: renderSafeguards(), command: 'npm run mutants -- --write' };
}
