import type { StrategyName } from '../../matrix/strategies.js';

/** What a process that plays scenarios is asked, as JSON in its only argument. */
export interface ScenarioTask {
  /** All of them with the same safeguards: a process loads the services once. */
  readonly strategies: readonly StrategyName[];
  /** Each scenario is played once with each. */
  readonly seeds: readonly number[];
}

/** What came of one, as it goes from process to process. */
export interface ScenarioReport {
  readonly point: string;
  readonly strategy: StrategyName;
  readonly seed: number;
  /** Null where it could not be played. */
  readonly verdict: string | null;
  /** What the auditor found, or why it could not be played. */
  readonly findings: readonly string[];
}
