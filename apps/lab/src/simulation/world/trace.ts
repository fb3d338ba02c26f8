/** One message between two, or a note over one. */
export interface StoryLine {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** What happened, as a number that tells two histories apart, and as a story for people. */
export class Trace {
  /** In the order in which it happened; empty unless {@link telling} is set. */
  readonly story: StoryLine[] = [];
  /** Whether the story is written: most schedules have no reader. */
  telling = false;
  private state = FNV_OFFSET;
  private events = 0;
  /** Each label has a number: its characters are looked at once. */
  private readonly labels = new Map<string, number>();

  constructor(private readonly elapsedMs: () => number) {}

  /** How many things have happened. */
  get length(): number {
    return this.events;
  }

  happened(label: string, micros: number): void {
    this.events++;
    let number = this.labels.get(label);
    if (number === undefined) {
      number = this.labels.size;
      this.labels.set(label, number);
    }
    this.state = Math.imul(this.state ^ number, FNV_PRIME);
    this.state = Math.imul(this.state ^ micros, FNV_PRIME);
  }

  tell(from: string, to: string, text: () => string): void {
    if (this.telling) this.story.push({ atMs: this.elapsedMs(), from, to, text: text() });
  }

  /** The same for the same history and the same end, and for no other. */
  hashWith(remains: string): string {
    let { state } = this;
    for (const text of [...this.labels.keys(), remains]) {
      for (let index = 0; index < text.length; index++) {
        state = Math.imul(state ^ text.charCodeAt(index), FNV_PRIME);
      }
    }
    return `${this.events}-${(state >>> 0).toString(16).padStart(8, '0')}`;
  }
}
