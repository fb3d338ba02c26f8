const UNITS: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
];

/** Time since then as the real server writes it: `1d2h3m4s`, without the leading zeros. */
export function formatUptime(since: Date): string {
  let seconds = Math.floor((Date.now() - since.getTime()) / 1000);
  let text = '';
  for (const [unit, length] of UNITS) {
    const amount = Math.floor(seconds / length);
    if (amount > 0 || text !== '') text += `${amount}${unit}`;
    seconds %= length;
  }
  return `${text}${seconds}s`;
}
