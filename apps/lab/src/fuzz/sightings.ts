import type { ApiOperation } from './api-document.js';

/** Which statuses each operation was seen to answer, and how often. */
export class Sightings {
  private readonly counts = new Map<string, Map<number, number>>();

  note(operation: ApiOperation, status: number): void {
    const name = nameOf(operation);
    const counts = this.counts.get(name) ?? new Map<number, number>();
    counts.set(status, (counts.get(status) ?? 0) + 1);
    this.counts.set(name, counts);
  }

  /** Of each operation how many answers in a hundred were 2xx. */
  successPercents(): Record<string, number> {
    const shares = [...this.counts].map(([name, counts]) => {
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const successes = [...counts].reduce((sum, [status, count]) => sum + (status < 300 ? count : 0), 0);
      return [name, Math.floor((100 * successes) / all)];
    });
    return Object.fromEntries(shares) as Record<string, number>;
  }

  /** The documented statuses of these operations that were not seen. */
  unseen(operations: readonly ApiOperation[]): string[] {
    return operations.flatMap((operation) =>
      [...operation.answers.keys()]
        .filter((status) => !this.counts.get(nameOf(operation))?.has(status))
        .map((status) => `${nameOf(operation)} ${status}`),
    );
  }

  /** All of it, a line for each operation. */
  toString(): string {
    const percents = this.successPercents();
    const lines = [...this.counts].map(([name, counts]) => {
      const statuses = [...counts].sort(([one], [other]) => one - other);
      return `${name}: ${percents[name]} % 2xx; ${statuses.map(([status, count]) => `${status}×${count}`).join(' ')}`;
    });
    return lines.sort().join('\n');
  }
}

function nameOf({ service, id }: ApiOperation): string {
  return `${service} ${id}`;
}
