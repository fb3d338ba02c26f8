import type { SimulatedProcess } from '../world/simulated-process.js';

/** What a step says of a message. */
interface MessageStep {
  readonly message?: { readonly channel?: string; readonly sequence?: unknown };
}

const BEGINS = 'nats.message.received';
/** Not its acknowledgement: one that ends while the connection is interrupted has none, and nobody is to blame. */
const ENDS = new Set<string>(['nats.message.processed', 'nats.message.failed']);

/** Which messages each process is handling, from its steps: one that stops in peace must not leave any. */
export class Handling {
  /** Messages that a process had begun with when it said goodbye to the broker: they are delivered again. */
  readonly left: string[] = [];
  private readonly underWay = new Map<SimulatedProcess, Set<string>>();

  reached(step: string, by: SimulatedProcess, detail: unknown): void {
    if (step !== BEGINS && !ENDS.has(step)) return;
    const { channel, sequence } = (detail as MessageStep).message ?? {};
    const message = `${channel} ${String(sequence)}`;
    const messages = this.underWay.get(by) ?? new Set<string>();
    this.underWay.set(by, messages);
    if (step === BEGINS) messages.add(message);
    else messages.delete(message);
  }

  /** The broker has heard the goodbye of a process that stops. */
  closed(owner: SimulatedProcess): void {
    for (const message of this.underWay.get(owner) ?? []) this.left.push(`${message} of ${owner.name}`);
  }
}
