import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Tells the story: one line for each thing that has happened, with the seconds since the start before it. */
export class Narrator {
  private readonly startedAt = Date.now();

  /**
   * @param output where the story goes
   * @param colour whether to use colours; by default when `output` is a terminal and NO_COLOR is not set
   */
  constructor(
    private readonly output: Writable & { isTTY?: boolean },
    private readonly colour = output.isTTY === true && !process.env['NO_COLOR'],
  ) {}

  /** A new chapter. */
  chapter(title: string, subtitle: string): void {
    this.write(`\n${this.paint('bold', title)}  ${this.paint('dim', subtitle)}`);
  }

  /** Something that happened. */
  say(text: string): void {
    this.line(text);
  }

  /** Something that went well. */
  good(text: string): void {
    this.line(this.paint('green', text));
  }

  /** Something that went wrong, be it on purpose. */
  bad(text: string): void {
    this.line(this.paint('red', text));
  }

  /** Text as it is. */
  write(text: string): void {
    this.output.write(`${text}\n`);
  }

  private line(text: string): void {
    const seconds = ((Date.now() - this.startedAt) / 1000).toFixed(1).padStart(6);
    const [first, ...more] = text.split('\n');
    this.write(
      [
        `${this.paint('dim', `${seconds} s`)}  ${first}`,
        ...more.map((rest) => `${' '.repeat(10)}${rest}`),
      ].join('\n'),
    );
  }

  private paint(style: Style, text: string): string {
    return this.colour ? styleText(style, text) : text;
  }
}
