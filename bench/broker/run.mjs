/**
 * Compares the streaming server with the real one in one run, round by round, each server and each client in a
 * process of its own. Rates move by a fifth from minute to minute: only the ratios within one run mean something.
 *
 *   node bench/broker/run.mjs [--rounds 3] [--messages 60000]
 *
 * The streaming server must be built (`npm run build`). The real one is found by NATS_STREAMING_SERVER or on PATH;
 * without it only this one is measured.
 */
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string', default: '60000' },
  },
});
const rounds = Number(values.rounds);
const messages = Number(values.messages);
const here = fileURLToPath(new URL('.', import.meta.url));
const built = join(here, '../../dist/libs/streaming-server/libs/streaming-server/src/main.js');
const real = findReal();
const READY_DEADLINE_MS = 10_000;
const GOAL = 0.8;

const SERVERS = {
  'this server': { command: process.execPath, args: [built], ready: /Listening for client connections/ },
  ...(real === undefined
    ? {}
    : { 'real server': { command: real, args: [], ready: /Streaming Server is ready/ } }),
};
const STORES = { memory: () => [], file: (directory) => ['-store', 'FILE', '-dir', directory] };
const MEASURES = {
  'publish, 16,384 in flight, messages/s': { args: ['publish', '16384', String(messages)], key: 'perSecond' },
  'publish, 256 in flight, messages/s': { args: ['publish', '256', String(messages)], key: 'perSecond' },
  'publish → subscribe → ack, 1,000 in flight, messages/s': {
    args: ['roundtrip', '1000', String(Math.round(messages / 2))],
    key: 'perSecond',
  },
  'one publish, p50 ms': {
    args: ['single', String(Math.round(messages / 30))],
    key: 'p50Ms',
    also: 'one publish, p99 ms',
  },
};

function findReal() {
  const { NATS_STREAMING_SERVER, PATH = '' } = process.env;
  const paths = [
    NATS_STREAMING_SERVER,
    ...PATH.split(delimiter).map((part) => join(part, 'nats-streaming-server')),
  ];
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

async function startServer({ command, args, ready }, more) {
  const port = await freePort();
  const child = spawn(command, [...args, '-a', '127.0.0.1', '-p', String(port), ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  await new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      output += chunk;
      if (ready.test(output)) resolve();
    });
    child.once('exit', () => reject(new Error(`${command} did not start:\n${output}`)));
    setTimeout(reject, READY_DEADLINE_MS, new Error(`${command} is not ready:\n${output}`)).unref();
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { url: `nats://127.0.0.1:${port}`, stop };
}

async function measure(server, store, args) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-broker-'));
  const { url, stop } = await startServer(server, STORES[store](directory));
  try {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [join(here, 'client.mjs'), url, ...args]);
    return JSON.parse(stdout);
  } finally {
    await stop();
    rmSync(directory, { recursive: true });
  }
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function format(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}

const results = new Map();
const note = (row, server, value) => {
  if (!results.has(row)) results.set(row, {});
  (results.get(row)[server] ??= []).push(value);
};
for (let round = 1; round <= rounds; round++) {
  for (const store of Object.keys(STORES)) {
    for (const [name, { args, key, also }] of Object.entries(MEASURES)) {
      for (const [server, how] of Object.entries(SERVERS)) {
        const result = await measure(how, store, args);
        note(`${store}: ${name}`, server, result[key]);
        if (also !== undefined) note(`${store}: ${also}`, server, result.p99Ms);
      }
      process.stderr.write('.');
    }
  }
}
process.stderr.write('\n');

const cpu = cpus()[0]?.model ?? 'unknown';
console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpu})`,
);
console.log(
  `128-byte messages, ${messages} a measurement, median of ${rounds} rounds; higher ratios are better for this server\n`,
);
const names = Object.keys(SERVERS);
console.log(`| | ${names.join(' | ')} | ratio |\n|---|${names.map(() => '---').join('|')}|---|`);
let reached = true;
for (const [row, byServer] of results) {
  const medians = names.map((name) => median(byServer[name]));
  const [own, other] = medians;
  const rate = row.endsWith('messages/s');
  const ratio = other === undefined ? undefined : rate ? own / other : other / own;
  if (rate && ratio !== undefined && ratio < GOAL) reached = false;
  console.log(
    `| ${row} | ${medians.map(format).join(' | ')} | ${ratio === undefined ? '–' : ratio.toFixed(2)} |`,
  );
}
if (real === undefined) console.log('\nThe real server was not found: set NATS_STREAMING_SERVER to compare.');
else
  console.log(`\nGoal, at least ${GOAL} of the real server's rates: ${reached ? 'reached' : 'NOT reached'}.`);
