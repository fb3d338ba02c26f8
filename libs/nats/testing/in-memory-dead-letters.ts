import { DeadLetterSink, type Burial, type BusMessage } from '../src/index.js';

/** A {@link DeadLetterSink} for specs: it keeps what it is given as long as the process lives. */
export class InMemoryDeadLetters extends DeadLetterSink {
  /** Every burial so far, in order. */
  readonly buried: (Burial & { readonly message: BusMessage })[] = [];
  private readonly redeliveries = new Map<string, number>();
  private fault: Error | undefined;

  /** From now on it can neither count nor keep, until it is called without an error. */
  failWith(fault?: Error): void {
    this.fault = fault;
  }

  override async countRedelivery({ channel, sequence }: BusMessage): Promise<number> {
    if (this.fault) throw this.fault;
    const key = `${channel} ${sequence}`;
    const count = (this.redeliveries.get(key) ?? 0) + 1;
    this.redeliveries.set(key, count);
    return Promise.resolve(count);
  }

  override async bury(message: BusMessage, burial: Burial): Promise<void> {
    if (this.fault) throw this.fault;
    this.buried.push({ message, ...burial });
    return Promise.resolve();
  }
}
