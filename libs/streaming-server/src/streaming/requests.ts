import type { Router } from '../core/router.js';
import { newInbox } from '../wire/nuid.js';

const NOTHING = Buffer.alloc(0);

/** Asks clients something (are you there?) by NATS's request and reply. */
export class Requests {
  private readonly prefix = newInbox();
  private readonly waiting = new Map<string, (answered: boolean) => void>();
  private readonly unsubscribe: () => void;
  private counter = 0;

  constructor(private readonly router: Router) {
    this.unsubscribe = router.subscribe(`${this.prefix}.*`, (subject) => this.waiting.get(subject)?.(true));
  }

  /** Calls back once: true for an answer in time, false at the time-out, or at once when nobody listens. */
  ask(subject: string, timeoutMs: number, callback: (answered: boolean) => void): void {
    const reply = `${this.prefix}.${++this.counter}`;
    const settle = (answered: boolean): void => {
      clearTimeout(timer);
      this.waiting.delete(reply);
      callback(answered);
    };
    const timer = setTimeout(settle, timeoutMs, false);
    this.waiting.set(reply, settle);
    if (this.router.publish(subject, reply, NOTHING) === 0) settle(false);
  }

  stop(): void {
    this.unsubscribe();
    // Whoever waits gets no answer any more: the server is going away.
    this.waiting.clear();
  }
}
