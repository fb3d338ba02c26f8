/** Something that happens at a time of its own. */
export interface Timed {
  readonly atMicros: number;
  /** Of two at the same time, the one that was asked for first comes first. */
  readonly number: number;
}

/** What is to happen, the earliest first: a binary heap. */
export class EventQueue<Event extends Timed> {
  private readonly heap: Event[] = [];

  get size(): number {
    return this.heap.length;
  }

  add(event: Event): void {
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  /** Takes the earliest one out. */
  take(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.sink(last);
    return first;
  }

  private sink(event: Event): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, event)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = event;
  }
}

function isBefore(one: Timed, other: Timed): boolean {
  return one.atMicros === other.atMicros ? one.number < other.number : one.atMicros < other.atMicros;
}
