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
  /** In the order in which it happened; empty unless {@link tell} was set. */
  readonly story: StoryLine[] = [];
  /** Whether the story is written: most schedules have no reader. */
  telling = false;
  private state = FNV_OFFSET;
  private events = 0;

  constructor(private readonly elapsedMs: () => number) {}

  /** The same for the same history. */
  get hash(): string {
    return `${this.events}-${(this.state >>> 0).toString(16).padStart(8, '0')}`;
  }

  get length(): number {
    return this.events;
  }

  happened(label: string): void {
    this.events++;
    this.mix(label);
    this.mix(String(this.elapsedMs()));
  }

  /** @param text with the ids in it: they are part of the history too */
  tell(from: string, to: string, text: () => string): void {
    const line = text();
    this.mix(line);
    if (this.telling) this.story.push({ atMs: this.elapsedMs(), from, to, text: line });
  }

  private mix(text: string): void {
    let { state } = this;
    for (let index = 0; index < text.length; index++) {
      state = Math.imul(state ^ text.charCodeAt(index), FNV_PRIME);
    }
    this.state = state;
  }
}
