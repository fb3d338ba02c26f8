import type { StrategyName } from '../../matrix/strategies.js';
import type { ServiceName } from '../../parts/bank.js';
import type { Play } from './scene.js';

/** A scenario in real processes that is well while every safeguard is there. */
export interface Check {
  readonly name: string;
  /** What is done, in a sentence. */
  readonly title: string;
  /** The strategy whose services play it. */
  readonly strategy: StrategyName;
  /** The service that runs without a safeguard when one is taken out; all of its processes. */
  readonly service: ServiceName;
  readonly play: Play;
}
