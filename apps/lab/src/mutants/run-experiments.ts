import { messageOf } from '../lab.errors.js';
import { STRATEGIES, type Strategy } from '../matrix/strategies.js';
import type { Closers } from '../parts/closers.js';
import type { Check } from './checks/check.js';
import { CHECKS } from './checks/checks.js';
import { kindsOf, type Finding } from './checks/finding.js';
import { Scene } from './checks/scene.js';
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

/**
 * Plays the checks of some experiments, each once with every safeguard and once for each experiment without some.
 * @param open takes what must be closed when the user breaks it off
 */
export async function runExperiments(
  { experiments, scenes, onPlayed }: RunOptions,
  open: Closers,
): Promise<Played[]> {
  const whole = [...new Set(experiments.map(({ check }) => check))].map((check) => ({
    check,
    mutants: [],
    finds: [],
  }));
  const queue = [...whole, ...experiments].values();
  const all: Played[] = [];
  const work = async () => {
    for (const experiment of queue) {
      const played = await play(experiment, open);
      all.push(played);
      onPlayed(played);
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

async function play({ check: name, mutants, finds }: Experiment, open: Closers): Promise<Played> {
  const check = checkOf(name);
  const startedAt = performance.now();
  const played = await attempt(check, mutants, open).catch((error: unknown) => ({
    findings: [],
    complaint: messageOf(error),
  }));
  const complaint = 'complaint' in played ? played.complaint : surpriseIn(played.findings, finds);
  return {
    check,
    mutants,
    findings: played.findings,
    ...(complaint !== undefined && { complaint }),
    tookMs: performance.now() - startedAt,
  };
}

async function attempt(
  check: Check,
  mutants: readonly string[],
  open: Closers,
): Promise<{ readonly findings: readonly Finding[]; readonly complaint?: string }> {
  const scene = await Scene.open(strategyOf(check, mutants));
  open.add(() => scene.close());
  try {
    const findings = await check.play(scene);
    const silent = scene.silentMarks(mutants.flatMap(marksOf));
    return silent.length === 0 ? { findings } : { findings, complaint: `never ran: ${silent.join(', ')}` };
  } finally {
    await scene.close();
  }
}

function surpriseIn(findings: readonly Finding[], finds: readonly string[]): string | undefined {
  const found = kindsOf(findings);
  if (found.join() === finds.join()) return undefined;
  if (finds.length === 0) return `red with every safeguard: ${found.join(', ')}`;
  return found.length === 0
    ? 'survived: nothing was found'
    : `found ${found.join(', ')} and not ${finds.join(', ')}`;
}

function strategyOf({ strategy: name, service }: Check, mutants: readonly string[]): Strategy {
  const strategy: Strategy | undefined = STRATEGIES.find((one) => one.name === name);
  if (strategy === undefined) throw new Error(`the crash matrix has no strategy ${name}`);
  return { ...strategy, mutants: { [service]: mutants } };
}
