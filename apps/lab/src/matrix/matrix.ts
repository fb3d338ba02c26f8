import type { Closers } from '../parts/closers.js';
import { runCell, type CellResult } from './cell.js';
import type { Point } from './point.js';
import { MatrixStage } from './stage.js';
import type { MatrixStrategy } from './strategies.js';
import { messageOf } from '../lab.errors.js';

/** A cell that was played, or could not be. */
export interface Played {
  readonly point: Point;
  readonly strategy: MatrixStrategy;
  readonly result?: CellResult;
  /** Why there is no result. */
  readonly failure?: string;
}

export interface Play {
  readonly points: readonly Point[];
  readonly strategies: readonly MatrixStrategy[];
  /** How many stages play at once. */
  readonly stages: number;
  readonly onPlayed: (cell: Played) => void;
}

/** A stage takes as long to open as so many cells to play: fewer are left to the stages that play them already. */
const CELLS_WORTH_A_STAGE = 6;

/** Plays all cells, several stages at once. */
export async function playMatrix(options: Play, open: Closers): Promise<Played[]> {
  const { points, strategies, stages } = options;
  const columns: Column[] = strategies.map((strategy) => ({ strategy, left: [...points], stages: 0 }));
  const played: Played[] = [];
  const work = async () => {
    for (let column = longestOf(columns); column !== undefined; column = longestOf(columns)) {
      column.stages += 1;
      for await (const cell of playColumn(column, open)) {
        played.push(cell);
        options.onPlayed(cell);
      }
      column.stages -= 1;
    }
  };
  await Promise.all(Array.from({ length: stages }, work));
  return played;
}

/** What is left to be played of a strategy, and how many stages play it. */
interface Column {
  readonly strategy: MatrixStrategy;
  readonly left: Point[];
  stages: number;
}

/** Where one more stage helps most, if it helps anywhere. */
function longestOf(columns: readonly Column[]): Column | undefined {
  const worth = columns.filter(({ left, stages }) => left.length >= (stages === 0 ? 1 : CELLS_WORTH_A_STAGE));
  return worth.toSorted((one, other) => share(other) - share(one))[0];
}

/** How many cells each stage would play if there were one more. */
function share({ left, stages }: Column): number {
  return left.length / (stages + 1);
}

/** After a cell that could not be played nobody knows in what state its stage is: the next gets a new one. */
async function* playColumn({ strategy, left }: Column, open: Closers): AsyncGenerator<Played> {
  let stage: MatrixStage | undefined;
  try {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      try {
        stage ??= await MatrixStage.open(strategy, open);
        yield { point, strategy, result: await runCell(point, stage) };
      } catch (error) {
        yield { point, strategy, failure: messageOf(error) };
        await stage?.close();
        stage = undefined;
      }
    }
  } finally {
    await stage?.close();
  }
}
