import { formatMoney } from '../demo/money.js';
import { CURRENCY } from '../demo/script.js';
import { textTable } from '../parts/text-table.js';
import type { ChaosRun } from './run-chaos.js';

const ROWS: readonly (readonly [title: string, cell: (run: ChaosRun) => string])[] = [
  ['orders accepted', ({ told }) => String(told.accepted)],
  ['orders refused', ({ told }) => String(told.refused)],
  ['orders whose client does not know', ({ told }) => String(told.unknown)],
  ['transfers recorded', ({ audit }) => String(audit.recorded)],
  ['posted once', ({ audit }) => String(audit.posted)],
  ['rejected', ({ audit }) => String(audit.rejected)],
  ['lost', ({ audit }) => String(audit.lost.length)],
  ['money missing', ({ audit }) => formatMoney(BigInt(audit.moneyMissingMinor[CURRENCY] ?? '0'), CURRENCY)],
  ['duplicated', ({ audit }) => String(audit.duplicated.length)],
  ['phantom', ({ audit }) => String(audit.phantom.length)],
  ['stuck', ({ audit }) => String(audit.stuck.length)],
  ['in doubt, then converged', ({ audit }) => String(audit.convergedFromDoubt.length)],
  ['effects in another order', ({ audit }) => String(audit.reordered.length)],
  ['published in another order', ({ outOfOrder }) => String(outOfOrder.length)],
  [
    'faults fired',
    ({ faults }) =>
      `${faults.filter(({ struckAtMs }) => struckAtMs !== undefined).length} of ${faults.length}`,
  ],
  ['readings', ({ readings, blind }) => `${readings.length}, ${blind} in vain`],
  [
    'recovery',
    ({ recoveryMs }) =>
      recoveryMs === null ? 'not within the bound' : `${(recoveryMs / 1_000).toFixed(1)} s`,
  ],
];

/** What came of the runs, as rows of cells: a title and a cell for each run. */
export function chaosCells(runs: readonly ChaosRun[]): readonly (readonly string[])[] {
  return [
    ['', ...runs.map(({ strategy }) => strategy)],
    ...ROWS.map(([title, cell]) => [title, ...runs.map(cell)]),
  ];
}

/** The same as plain text, numbers to the right. */
export function renderChaosTable(runs: readonly ChaosRun[]): string {
  return textTable(chaosCells(runs), { isNumeric: (column) => column > 0, ruled: true });
}
