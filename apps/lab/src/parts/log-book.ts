import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DeadlineError } from '../lab.errors.js';

/** A process that complains in a loop must not fill the lab's memory. */
const LINES_MAX = 20_000;
const TAIL_LINES = 15;

/** The lines that a program writes, over all the processes that ran it one after the other. */
export class LogBook {
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly lines: string[] = [];
  private dropped = 0;

  /** A mark for `waitFor`: only lines after it count. */
  get end(): number {
    return this.dropped + this.lines.length;
  }

  /** Takes in a process's output, line by line, without terminal colours. */
  record(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => this.add(line));
  }

  /** All lines after a mark that are still kept. */
  since(mark: number): readonly string[] {
    return this.lines.slice(Math.max(0, mark - this.dropped));
  }

  /** The last lines, for the message of an error. */
  tail(): string {
    return this.lines.slice(-TAIL_LINES).join('\n');
  }

  /** Calls `listener` for each line from now on. */
  onLine(listener: (line: string) => void): void {
    this.events.on('line', listener);
  }

  /**
   * Waits for a line that matches.
   * @param after a mark: lines before it do not count (default: none is too old)
   * @throws DeadlineError with the last lines
   */
  async waitFor(pattern: RegExp, withinMs: number, after = 0): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(withinMs);
    for (let mark = after; ;) {
      for (const line of this.since(mark)) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      mark = this.end;
      try {
        await once(this.events, 'line', { signal: deadline });
      } catch {
        throw new DeadlineError(`a line like ${String(pattern)}`, withinMs, this.tail());
      }
    }
  }

  private add(line: string): void {
    this.lines.push(line.replaceAll(/\u001b\[\d*m/g, ''));
    if (this.lines.length > LINES_MAX) {
      this.lines.shift();
      this.dropped += 1;
    }
    this.events.emit('line', this.lines.at(-1));
  }
}
