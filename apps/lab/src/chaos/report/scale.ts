/** Round steps of an axis: 1, 2 or 5 times a power of ten. */
const STEPS = [1, 2, 5, 10];
/** Of a time axis, in s. */
const TIME_STEPS = [5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/**
 * Round values from 0 to at least `most`, some `count` of them.
 * @returns at least two: an axis of nothing still goes from 0 to 1
 */
export function ticksTo(most: number, count: number): number[] {
  const rough = Math.max(most, 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, (STEPS.find((factor) => factor * power >= rough) ?? 10) * power);
  const last = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: last + 1 }, (_, index) => index * step);
}

/** Round times in ms from 0 up to `mostMs`, at most `count` steps. */
export function timesTo(mostMs: number, count: number): number[] {
  const step = (TIME_STEPS.find((seconds) => mostMs / 1_000 / seconds <= count) ?? 3_600) * 1_000;
  return Array.from({ length: Math.floor(mostMs / step) + 1 }, (_, index) => index * step);
}
