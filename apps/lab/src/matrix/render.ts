import { textTable } from '../parts/text-table.js';
import type { Point, PointKind } from './point.js';
import { predictionOf } from './predictions.js';
import type { MatrixStrategy } from './strategies.js';
import { isGreen, type Verdicts } from './verdict.js';

/** What stands in a cell of a table. */
const SIGNS: Readonly<Record<string, string>> = {
  consistent: '✓',
  converged: '✓?',
  'n/a': '–',
};
const KINDS: Readonly<Record<PointKind, string>> = {
  program: 'Steps of the programs',
  cable: 'Cables',
  server: 'Servers',
};

const INTRODUCTION = `# What becomes of the money

Each row is a place where something can break on a transfer's way, each column a way of sending its event. In each cell
both services ran as processes of their own, the fault struck exactly there, everything was mended and came to rest, and
an auditor compared the two databases with each other and with what the broker had delivered. \`npm run matrix\` plays it
all again and compares; \`npm run matrix -- --replay POINT/STRATEGY\` tells what happened in one cell, step by step.
How that is done, and what it does not show, is in [proof.md](proof.md).
`;
const LEGEND = `- ✓ both sides agree, and the client knew it all the time
- ✓? both sides agree in the end; meanwhile the client was in doubt
- **lost** recorded, never posted, and nothing will ever bring it
- **phantom** posted, and never recorded
- **duplicated** posted twice
- **reordered** posted, and after a later one of the same account
- **stuck** posted, and the other side will never know
- – cannot be
`;

/** A table: the cells by row and column. */
export interface Table {
  readonly points: readonly Point[];
  readonly strategies: readonly MatrixStrategy[];
  readonly cellOf: (point: Point, strategy: MatrixStrategy) => Verdicts;
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
  return textTable([head, ...rows]);
}

/** docs/crash-matrix.md: the table, with the reason of every verdict. */
export function renderDocument(table: Table): string {
  const kinds = Object.keys(KINDS) as PointKind[];
  return [INTRODUCTION, LEGEND, ...kinds.map((kind) => section(table, kind)), reasons(table)].join('\n');
}

function section({ points, strategies, cellOf }: Table, kind: PointKind): string {
  const lines = points
    .filter((point) => point.kind === kind)
    .map((point) => {
      const cells = strategies.map((strategy) => emphasized(cellOf(point, strategy)));
      return `| ${point.title} | ${cells.join(' | ')} |`;
    });
  return [
    `## ${KINDS[kind]}`,
    '',
    `| | ${strategies.map(({ title }) => title).join(' | ')} |`,
    `| --- |${strategies.map(() => ' :-: |').join('')}`,
    ...lines,
    '',
  ].join('\n');
}

function emphasized(verdict: Verdicts): string {
  return isGreen(verdict) || verdict === 'n/a' ? signOf(verdict) : `**${signOf(verdict)}**`;
}

function reasons({ points, strategies, cellOf }: Table): string {
  const lines = points.flatMap((point) => {
    const why = strategies.map((strategy) => {
      const { because } = predictionOf(point.name, strategy.name);
      return `  - ${signOf(cellOf(point, strategy))}: ${because}.`;
    });
    return [`- **${point.title}** (\`${point.name}\`)`, ...new Set(why)];
  });
  return ['## Why', '', ...lines, ''].join('\n');
}
