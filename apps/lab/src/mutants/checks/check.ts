import type { StrategyName } from '../../matrix/strategies.js';
import type { ServiceName } from '../../parts/bank.js';
import type { Finding } from './finding.js';
import type { Scene } from './scene.js';

/** A scenario in real processes that is well while every safeguard is there. */
export interface Check {
  readonly name: string;
  /** What is done, in a sentence. */
  readonly title: string;
  /** The strategy whose services play it. */
  readonly strategy: StrategyName;
  /** The service that runs without a safeguard when one is taken out; all of its processes. */
  readonly service: ServiceName;
  /** @returns what is wrong at the end; nothing when all is well */
  readonly play: (scene: Scene) => Promise<readonly Finding[]>;
}
