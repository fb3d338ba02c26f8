/**
 * The pause before the next attempt: doubles with each failure up to a cap, and is drawn from its upper
 * half, so that instances which failed together do not come back together.
 *
 * @param failures how many attempts have failed before, from 0
 * @returns milliseconds
 */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  const capped = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.round(capped * (0.5 + Math.random() / 2));
}
