import { runCell, type CellResult } from '../../matrix/cell.js';
import type { Point } from '../../matrix/point.js';
import type { Strategy } from '../../matrix/strategies.js';
import type { LoadedBank } from '../bank/bank.js';
import { ScenarioNotEndedError } from '../simulation.errors.js';
import { enterWorld } from '../world/globals.js';
import type { StoryLine } from '../world/trace.js';
import { World, type Weather } from '../world/world.js';
import { LONGEST_WAY_MS, SimulatedStage } from './simulated-stage.js';

/** What came of a cell in the simulation. */
export interface Simulated extends CellResult {
  /** What happened; nothing unless it was to be told. */
  readonly story: readonly StoryLine[];
}

/** How a cell is simulated. */
export interface ScenarioOptions {
  /** Decides how long each way takes, and all that programs draw. */
  readonly seed: number;
  /** Whether the story is wanted too. */
  readonly telling?: boolean;
}

/** Of a machine that talks to itself: the fault is the only thing that goes wrong. */
const WEATHER: Weather = { wayMicros: [200, LONGEST_WAY_MS * 1_000], slowPercent: 0, slowMicros: 0 };
/** Longer than all that a cell waits for, one after the other. */
const CELL_MS_MAX = 600_000;

/**
 * Plays one cell of the matrix on virtual time: the matrix's own point, cell, client, auditor and verdict, with the
 * simulation's processes, servers and cables below them. Nothing else may be simulated in this process meanwhile.
 * @param loaded as the strategy wants it: safeguards are taken out before the services are loaded
 * @throws what `runCell` throws; ScenarioNotEndedError
 */
export async function simulateScenario(
  loaded: LoadedBank,
  { point, strategy }: { readonly point: Point; readonly strategy: Strategy },
  { seed, telling = false }: ScenarioOptions,
): Promise<Simulated> {
  const world = new World({ seed, weather: WEATHER });
  world.trace.telling = telling;
  const leave = enterWorld(world);
  const stage = new SimulatedStage(world, loaded, strategy);
  let isOver = false;
  try {
    const playing = stage.ready().then(() => runCell(point, stage));
    const over = () => void (isOver = true);
    playing.then(over, over);
    if (!(await world.runUntil(() => isOver, CELL_MS_MAX)))
      throw new ScenarioNotEndedError(point.name, strategy.name);
    return { ...(await playing), story: world.trace.story };
  } finally {
    stage.end();
    leave();
  }
}
