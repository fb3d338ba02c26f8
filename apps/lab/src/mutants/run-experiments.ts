import { groupBy } from '../audit/group-by.js';
import { messageOf } from '../lab.errors.js';
import { STRATEGIES, type Strategy } from '../matrix/strategies.js';
import type { Closers } from '../parts/closers.js';
import type { Check } from './checks/check.js';
import { CHECKS } from './checks/checks.js';
import type { Finding, FindingKind } from './checks/finding.js';
import { Scene } from './checks/scene.js';
import { complaintOn } from './complaint.js';
import type { Experiment } from './experiments.js';
import { marksOf } from './mutants.js';

/** A check that was played, with all safeguards or without some. */
export interface Played {
  readonly check: Check;
  /** The mutants of its service; none: every safeguard was there. */
  readonly mutants: readonly string[];
  readonly findings: readonly Finding[];
  /** What is wrong with the run itself, if anything. */
  readonly complaint?: string;
  readonly tookMs: number;
}

/** How experiments are run. */
export interface RunOptions {
  readonly experiments: readonly Experiment[];
  /** How many scenes are played at once. */
  readonly scenes: number;
  readonly onPlayed: (played: Played) => void;
}

/** So many checks are played one after the other where every safeguard is there: a scene takes longer to set than to play. */
const CHECKS_PER_SCENE = 4;

/**
 * Plays the checks of some experiments, each once with every safeguard and once for each experiment without some.
 * @param open takes what must be closed when the user breaks it off
 */
export async function runExperiments(
  { experiments, scenes, onPlayed }: RunOptions,
  open: Closers,
): Promise<Played[]> {
  const queue = [...wholeScenes(experiments), ...experiments.map(sceneOf)].values();
  const all: Played[] = [];
  const work = async () => {
    for (const planned of queue) {
      for await (const played of playScene(planned, open)) {
        all.push(played);
        onPlayed(played);
      }
    }
  };
  await Promise.all(Array.from({ length: scenes }, work));
  return all;
}

/** @throws Error when no check has this name */
export function checkOf(name: string): Check {
  const found = CHECKS.find((check) => check.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}

/** What is played on one scene, one after the other. */
interface PlannedScene {
  readonly strategy: Strategy;
  readonly mutants: readonly string[];
  readonly acts: readonly { readonly check: Check; readonly finds: readonly FindingKind[] }[];
}

function sceneOf({ check: name, mutants, finds }: Experiment): PlannedScene {
  const check = checkOf(name);
  const strategy = { ...strategyOf(check), mutants: { [check.service]: mutants } };
  return { strategy, mutants, acts: [{ check, finds }] };
}

/** The checks with every safeguard. */
function wholeScenes(experiments: readonly Experiment[]): PlannedScene[] {
  const checks = [...new Set(experiments.map(({ check }) => check))].map(checkOf);
  const perStrategy = groupBy(checks, ({ strategy }) => strategy);
  return [...perStrategy.values()].flatMap((some) =>
    chunks(some, CHECKS_PER_SCENE).map((acts) => ({
      strategy: strategyOf(acts[0] as Check),
      mutants: [],
      acts: acts.map((check) => ({ check, finds: [] })),
    })),
  );
}

/** After a check that could not be played nobody knows in what state its scene is: the next one gets another. */
async function* playScene({ strategy, mutants, acts }: PlannedScene, open: Closers): AsyncGenerator<Played> {
  let scene: Scene | undefined;
  try {
    for (const { check, finds } of acts) {
      const startedAt = performance.now();
      let findings: readonly Finding[] = [];
      let complaint: string | undefined;
      try {
        scene ??= await Scene.open(strategy, open);
        findings = await scene.play(check.play);
        complaint = complaintOn(
          { findings, silentMarks: scene.silentMarks(mutants.flatMap(marksOf)) },
          finds,
        );
      } catch (error) {
        complaint = messageOf(error);
        await scene?.close();
        scene = undefined;
      }
      const tookMs = performance.now() - startedAt;
      yield { check, mutants, findings, ...(complaint !== undefined && { complaint }), tookMs };
    }
  } finally {
    await scene?.close();
  }
}

function strategyOf({ strategy: name }: Check): Strategy {
  const strategy: Strategy | undefined = STRATEGIES.find((one) => one.name === name);
  if (strategy === undefined) throw new Error(`the crash matrix has no strategy ${name}`);
  return strategy;
}

function chunks<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
