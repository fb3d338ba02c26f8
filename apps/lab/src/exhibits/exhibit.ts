import type { ExhibitStage } from './exhibit-stage.js';

/**
 * One thing that `node-nats-streaming` does when its connection is lost, shown in two halves: the raw client
 * behaves as described, and the provider is safe from it. The command line tells it, the test asserts it.
 */
export interface Exhibit {
  /** Its letter. */
  readonly id: string;
  readonly title: string;
  /** What the client does and what follows, in a sentence or two. */
  readonly story: string;
  rawClient(stage: ExhibitStage): Promise<void>;
  provider(stage: ExhibitStage): Promise<void>;
}
