import { StrikeMissedError } from '../lab.errors.js';
import type { CableMessage, Pattern } from './message.js';

/**
 * What becomes of a message:
 * - `pass`: it goes on as if nothing were there.
 * - `drop`: it is lost, and only it.
 * - `twice`: it arrives twice.
 * - `behind-next`: it arrives behind the next one of its pattern on the same connection; with the last bytes if none
 *   comes.
 * - `cut-before`: it is lost, and both ends are reset.
 * - `cut-after`: it arrives as the last one; the end that sent it is reset.
 * - `freeze`: from here on the whole cable is frozen, and this message is the first to arrive at the mend.
 */
export type Outcome = 'pass' | 'drop' | 'twice' | 'behind-next' | 'cut-before' | 'cut-after' | 'freeze';

export interface StrikeOptions {
  readonly at: Pattern;
  /** Which of the messages that fit from now on, from 1; or all of them (default: 1). */
  readonly occurrence?: number | 'every';
  /** What becomes of it, or what is done first: neither it nor what comes behind it is passed on meanwhile. */
  readonly action: Outcome | ((message: CableMessage) => Outcome | Promise<Outcome>);
}

/** Something that befalls a message of a cable, until it has befallen it or is cancelled. */
export class Strike {
  /**
   * Resolves with the message when its first outcome is carried out.
   * Rejects with what the action threw (the message passed then), and with StrikeMissedError when it is cancelled before.
   */
  readonly fired: Promise<CableMessage>;
  private resolve!: (message: CableMessage) => void;
  private reject!: (reason: unknown) => void;
  private fits = 0;
  private armed = true;
  private struck = false;

  constructor(private readonly options: StrikeOptions) {
    this.fired = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.fired.catch(() => undefined); // it is nobody's duty to wait for it
  }

  /** How many messages have fitted so far, passed ones included. */
  get seen(): number {
    return this.fits;
  }

  get hasFired(): boolean {
    return this.struck;
  }

  get pattern(): Pattern {
    return this.options.at;
  }

  /** Lets everything pass from now on. */
  cancel(): void {
    this.armed = false;
    this.reject(new StrikeMissedError(this.pattern.name, this.fits));
  }

  /** Whether this message is the one. Counts it. */
  takes(message: CableMessage): boolean {
    const { occurrence = 1 } = this.options;
    if (!this.pattern.matches(message)) return false;
    this.fits += 1;
    if (!this.armed || (occurrence !== 'every' && occurrence !== this.fits)) return false;
    this.armed = occurrence === 'every';
    return true;
  }

  /** Decides on a message that it takes. An action that fails lets it pass. */
  async decide(message: CableMessage): Promise<Outcome> {
    const { action } = this.options;
    try {
      return typeof action === 'function' ? await action(message) : action;
    } catch (error) {
      this.reject(error);
      return 'pass';
    }
  }

  /** The outcome is carried out. */
  done(message: CableMessage): void {
    this.struck = true;
    this.resolve(message);
  }
}
