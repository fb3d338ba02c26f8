import type { Prediction } from './predictions.js';
import type { Point } from './point.js';
import type { Strategy } from './strategies.js';
import { isGreen, type Verdicts } from './verdict.js';

/** What stands in a cell of a table. */
const SIGNS: Readonly<Record<string, string>> = {
  consistent: '✓',
  converged: '✓?',
  'n/a': '–',
  'not run': 'not run',
};
const KINDS = { program: 'Steps of the programs', cable: 'Cables', server: 'Servers' } as const;

/** A table: the cells by row and column. */
export interface Table {
  readonly points: readonly Point[];
  readonly strategies: readonly Strategy[];
  readonly cellOf: (point: Point, strategy: Strategy) => Verdicts | 'n/a' | 'not run';
}

/** A verdict as a sign where it is green, and in its own words where it is not. */
export function signOf(verdict: Verdicts): string {
  return SIGNS[verdict] ?? verdict.replaceAll('+', ', ');
}

/** The table for a terminal: every column as wide as it must be. */
export function renderText({ points, strategies, cellOf }: Table): string {
  const head = ['', ...strategies.map(({ name }) => name.replace('direct-', 'd-').replace('outbox-', 'o-'))];
  const rows = points.map((point) => [
    point.name,
    ...strategies.map((strategy) => signOf(cellOf(point, strategy))),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The table as a document, with the reason of every verdict. */
export function renderMarkdown(
  table: Table,
  predictionOf: (point: Point, strategy: Strategy) => Prediction,
): string {
  const { points, strategies, cellOf } = table;
  const head = [
    `| | ${strategies.map(({ title }) => title).join(' | ')} |`,
    `|---|${strategies.map(() => '---').join('|')}|`,
  ];
  const sections = Object.entries(KINDS).map(([kind, title]) => {
    const rows = points.filter((point) => point.kind === kind);
    const lines = rows.map((point) => {
      const cells = strategies.map((strategy) => cellMarkdown(cellOf(point, strategy)));
      return `| ${point.title} (\`${point.name}\`) | ${cells.join(' | ')} |`;
    });
    return [`### ${title}`, '', ...head, ...lines, ''].join('\n');
  });
  const why = points.map((point) => {
    const reasons = new Map(
      strategies.map((strategy) => {
        const { verdict, because } = predictionOf(point, strategy);
        return [`${signOf(verdict)}: ${because}`, true] as const;
      }),
    );
    return `- \`${point.name}\`: ${[...reasons.keys()].join('; ')}.`;
  });
  return [...sections, '### Why', '', ...why, ''].join('\n');
}

function cellMarkdown(verdict: Verdicts): string {
  const sign = signOf(verdict);
  return isGreen(verdict) || verdict === 'n/a' || verdict === 'not run' ? sign : `**${sign}**`;
}
