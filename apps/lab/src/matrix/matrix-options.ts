import { availableParallelism } from 'node:os';
import { notWhole, parseCommandLine, refuseFor } from '../parts/command-line.js';
import type { Point } from './point.js';
import { POINTS } from './points/points.js';
import { STRATEGIES, type MatrixStrategy } from './strategies.js';

/** What `npm run matrix -- …` was asked for. */
export interface MatrixOptions {
  readonly help: boolean;
  readonly points: readonly Point[];
  readonly strategies: readonly MatrixStrategy[];
  /** How many stages play cells at once. */
  readonly stages: number;
  /** Tells the story of the only cell. */
  readonly replay: boolean;
  /** Where the results go as data. */
  readonly jsonFile: string | undefined;
  /** Whether the document is written anew, and not compared. */
  readonly write: boolean;
}

/** A stage waits more than it works. */
const STAGES_DEFAULT = availableParallelism() + 1;
const STAGES_MAX = 64;

/** What `--help` prints. */
export const MATRIX_HELP = `npm run matrix -- [options]

Lets a transfer meet every fault there is, with every way of sending its event, on real processes, connections and
servers; mends what is broken, and lets an auditor say what became of the money. Exit code 0 only if every cell came
out as the table in the code says, and docs/crash-matrix.md shows the same.

  --point NAME      only this row; may be repeated
  --strategy NAME   only this column; may be repeated
  --replay CELL     only this cell, written POINT/STRATEGY; prints its story as a sequence diagram
  --stages N        how many stages play at once, 1 to ${STAGES_MAX} (default: one more than there are cores, here ${STAGES_DEFAULT})
  --json FILE       the results as data, into FILE
  --write           writes docs/crash-matrix.md in the place of comparing it
  --help            this text

Columns: ${STRATEGIES.map(({ name }) => name).join(', ')}
Rows: ${POINTS.map(({ name }) => name).join(', ')}`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  point: { type: 'string', multiple: true },
  strategy: { type: 'string', multiple: true },
  replay: { type: 'string' },
  stages: { type: 'string', default: String(STAGES_DEFAULT) },
  json: { type: 'string' },
  write: { type: 'boolean', default: false },
} as const;

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseMatrixOptions(commandLine: readonly string[]): MatrixOptions {
  const values = parseCommandLine(commandLine, OPTIONS, MATRIX_HELP);
  const [replayedPoint, replayedStrategy = ''] = values.replay?.split('/') ?? [];
  const problems: string[] = [];
  const points = named(POINTS, replayedPoint === undefined ? values.point : [replayedPoint], problems);
  const strategies = named(
    STRATEGIES as readonly MatrixStrategy[],
    replayedPoint === undefined ? values.strategy : [replayedStrategy],
    problems,
  );
  problems.push(...notWhole('--stages', values.stages, { least: 1, most: STAGES_MAX }));
  refuseFor(problems, MATRIX_HELP);
  return {
    help: values.help,
    points,
    strategies,
    stages: Number(values.stages),
    replay: values.replay !== undefined,
    jsonFile: values.json,
    write: values.write,
  };
}

/** All where nobody names any. */
function named<Item extends { readonly name: string }>(
  items: readonly Item[],
  names: readonly string[] | undefined,
  problems: string[],
): readonly Item[] {
  if (names === undefined) return items;
  const unknown = names.filter((name) => !items.some((item) => item.name === name));
  problems.push(...unknown.map((name) => `there is no row or column ${name}`));
  return items.filter(({ name }) => names.includes(name));
}
