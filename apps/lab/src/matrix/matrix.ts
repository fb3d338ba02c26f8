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

/** So many cells of a strategy are played on one stage, which then closes: the work stays in pieces for the stages. */
const CELLS_PER_STAGE = 16;

/** Plays all cells, several stages at once. */
export async function playMatrix(options: Play, open: Closers): Promise<Played[]> {
  const { points, strategies, stages } = options;
  const pieces = strategies.flatMap((strategy) =>
    chunks(points, CELLS_PER_STAGE).map((some) => ({ strategy, points: some })),
  );
  const played: Played[] = [];
  const queue = pieces.values();
  const work = async () => {
    for (const piece of queue) {
      for await (const cell of playPiece(piece, open)) {
        played.push(cell);
        options.onPlayed(cell);
      }
    }
  };
  await Promise.all(Array.from({ length: stages }, work));
  return played;
}

interface Piece {
  readonly strategy: MatrixStrategy;
  readonly points: readonly Point[];
}

/** After a cell that could not be played nobody knows in what state its stage is: the next gets a new one. */
async function* playPiece({ strategy, points }: Piece, open: Closers): AsyncGenerator<Played> {
  let stage: MatrixStage | undefined;
  try {
    for (const point of points) {
      try {
        stage ??= await openStage(strategy, open);
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

async function openStage(strategy: MatrixStrategy, open: Closers): Promise<MatrixStage> {
  const stage = await MatrixStage.open(strategy);
  open.add(() => stage.close());
  return stage;
}

function chunks<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
