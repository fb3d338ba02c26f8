import { textTable } from '../parts/text-table.js';
import { formatMoney } from './money.js';
import type { StrategyReport } from './report.js';

const COLUMNS: readonly (readonly [title: string, cell: (row: StrategyReport) => string])[] = [
  ['strategy', (row) => row.strategy],
  ['recorded', (row) => String(row.recorded)],
  ['posted', (row) => String(row.posted)],
  ['rejected', (row) => String(row.rejected)],
  ['lost', (row) => String(row.lost)],
  ['duplicated', (row) => String(row.duplicated)],
  ['phantom', (row) => String(row.phantom)],
  ['stuck', (row) => String(row.stuck)],
  ['money missing', (row) => formatMoney(BigInt(row.moneyMissingMinor), row.currency)],
  ['recovery', (row) => (row.recoveryMs === null ? 'never' : `${(row.recoveryMs / 1000).toFixed(1)} s`)],
  ['verdict', (row) => row.verdict],
];

/** The rows as a table of plain text: words to the left, numbers to the right. */
export function renderTable(rows: readonly StrategyReport[]): string {
  const titles = COLUMNS.map(([title]) => title);
  return textTable([titles, ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))], {
    isNumeric: (column) => column > 0 && column < COLUMNS.length - 1,
    ruled: true,
  });
}
