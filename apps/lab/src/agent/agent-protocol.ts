/** What the lab and the agents in its processes tell each other. */

/** A small plain fact: an id, a key, a number; a list where a step speaks of several messages. */
export type Fact = string | number | boolean | readonly (string | number)[];

/**
 * What a step speaks of. By name, where a step knows them: `id`, `channel`, `key`, `sequence` (the number within the
 * key), `brokerSequence` (the broker's number within the channel), `redelivered`, `error`, `reason`.
 */
export type Facts = Readonly<Record<string, Fact>>;

/** A step of a program that was reached. */
export interface Step {
  /** The name of its `node:diagnostics_channel`. */
  readonly step: string;
  /** When, in ms since 1970 with a fraction, by the clock of its process. */
  readonly at: number;
  readonly detail: Facts;
  /** The process that reached it. */
  readonly pid: number;
}

/** What is to befall a process at a step. */
export interface StepOrder {
  readonly step: string;
  /** When it is reached for so many times since the order, and matches; default 1. */
  readonly occurrence?: number;
  /** Facts that the step must have; of a list, the one that must be in it. Default: any will do. */
  readonly match?: Readonly<Record<string, string | number | boolean>>;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** An order that was carried out: said before the signal is sent. */
export interface Strike extends Step {
  readonly signal: StepOrder['signal'];
}

/** What the lab sends over the channel that Node has between parent and child. */
export type AgentMessage = { readonly agentMessage: number } & (
  | { readonly kind: 'arm'; readonly order: StepOrder }
  | { readonly kind: 'disarm' }
  | { readonly kind: 'report'; readonly on: boolean }
);

/** What an agent writes, a line of JSON each. */
export type AgentLine =
  | ({ readonly kind: 'step' } & Step)
  | ({ readonly kind: 'strike' } & Strike)
  /** A process that was stopped goes on. */
  | { readonly kind: 'awake'; readonly pid: number }
  /** A message was obeyed, or why it was not. */
  | { readonly kind: 'answer'; readonly agentMessage: number; readonly refused?: string }
  /** The changed line of a mutant ran, for the first time in this process. */
  | { readonly kind: 'mutant-ran'; readonly mutant: string; readonly pid: number };

/** The descriptor that an agent writes to. The third one is Node's own channel. */
export const AGENT_DESCRIPTOR = 4;

/** How an agent is set up, in the environment of its process. */
export const AGENT_ENVIRONMENT = {
  /** `1`: it reports every step from the start. */
  steps: 'LAB_STEPS',
  /** An {@link StepOrder} as JSON. */
  armed: 'LAB_ARMED',
  /** Names of mutants, with commas between them. */
  mutants: 'LAB_MUTANTS',
} as const;

/** Whether the facts of a step are those that are asked for. */
export function matches(detail: Facts, wanted: StepOrder['match'] = {}): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const fact = detail[name];
    return Array.isArray(fact) ? fact.includes(value) : fact === value;
  });
}
