/**
 * Stands in for the package `uuid` in the programs that are simulated: it remembers the last id that it gave, for the
 * life of the process, and would give the second of two equal schedules other ids.
 */
import { v7 as draw } from 'uuid';

export * from 'uuid';

let state = { atMs: -Infinity, sequence: 0 };

/** Begins anew: for the beginning of a schedule. */
export function resetIds(): void {
  state = { atMs: -Infinity, sequence: 0 };
}

/** An id of the current time, above every one before. */
export function v7(options?: Parameters<typeof draw>[0]): string {
  if (options) return draw(options);
  const random = crypto.getRandomValues(new Uint8Array(16));
  const nowMs = Date.now();
  // RFC 9562, 6.2, method 2: a random number that is counted on within a millisecond.
  state =
    nowMs > state.atMs
      ? { atMs: nowMs, sequence: Buffer.from(random).readUInt32BE(6) >>> 1 }
      : { ...state, sequence: state.sequence + 1 };
  return draw({ msecs: state.atMs, seq: state.sequence, random });
}
