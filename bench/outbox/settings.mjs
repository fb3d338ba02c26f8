/** How large the measurements are. */
import { parseArgs } from 'node:util';

export const PARTS = ['drain', 'rest', 'statements', 'buffers', 'writer', 'relays'];

/** Each by its flag; what a quick look takes instead, which tells that everything works and no more. */
const SIZES = {
  backlog: { full: 100_000, quick: 5_000 },
  keys: { full: 1_000, quick: 1_000 },
  rounds: { full: 3, quick: 1 },
  'peer-seconds': { full: 15, quick: 2 },
  'rest-events': { full: 400, quick: 50 },
  'rest-spacing-ms': { full: 50, quick: 50 },
  'offered-per-second': { full: 5_000, quick: 1_000 },
  'offered-seconds': { full: 10, quick: 2 },
  'per-transaction': { full: 25, quick: 10 },
  'pending-max': { full: 1_000_000, quick: 20_000 },
  'traffic-seconds': { full: 180, quick: 6 },
  'traffic-per-second': { full: 500, quick: 200 },
  windows: { full: 6, quick: 3 },
  pairs: { full: 2_000, quick: 100 },
  'relays-backlog': { full: 100_000, quick: 5_000 },
};

export const HELP = `npm run bench:outbox -- [part …] [flags]

parts: ${PARTS.join(' ')}; default: all, in this order
  --quick            small numbers: a check that everything works, no measurement
  --json [FILE]      writes everything to FILE, default dist/bench-outbox.json
${Object.entries(SIZES)
  .map(([flag, { full }]) => `  --${flag} N`.padEnd(29) + `default ${full.toLocaleString('en-US')}`)
  .join('\n')}`;

/** @throws Error for a flag or a part that there is not */
export function readSettings(given) {
  const { values, positionals } = parseArgs({
    args: withDefaultFile(given),
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      ...Object.fromEntries(Object.keys(SIZES).map((flag) => [flag, { type: 'string' }])),
    },
  });
  const unknown = positionals.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`unknown part ${unknown.join(', ')}; known: ${PARTS.join(', ')}`);
  const sizes = Object.entries(SIZES).map(([flag, size]) => [
    flag.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()),
    numberOf(flag, values[flag]) ?? (values.quick ? size.quick : size.full),
  ]);
  return {
    help: values.help,
    quick: values.quick,
    json: values.json,
    parts: PARTS.filter((part) => positionals.length === 0 || positionals.includes(part)),
    ...Object.fromEntries(sizes),
  };
}

function numberOf(flag, text) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${flag} is "${text}"; expected a whole number above 0`);
}

/** `--json` alone, or before another flag or a part, names no file. */
function withDefaultFile(given) {
  return given.flatMap((argument, index) => {
    const next = given[index + 1];
    const bare = argument === '--json' && (!next || next.startsWith('--') || PARTS.includes(next));
    return bare ? ['--json', 'dist/bench-outbox.json'] : [argument];
  });
}
