import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runChild, runCollected, twoAtATime } from './children.mjs';
import { OTHER_POSTGRES, otherPostgres } from './other-postgres.mjs';
import { proof } from './proof.mjs';
import { REAL_SERVERS, realServers } from './real-servers.mjs';
import { bringUpToDate } from './up-to-date.mjs';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
const LAB = 'dist/apps/lab/apps/lab/src/main.js';
/** The services that have an outbox, and the entry of each one's relay. */
const RELAYS = Object.fromEntries(
  ['transactions', 'accounts'].map((service) => [
    service,
    `dist/apps/${service}/apps/${service}/src/relay.main.js`,
  ]),
);
const OUTBOX = 'dist/apps/transactions/libs/outbox/src/index.js';
const STREAMING_SERVER = 'dist/libs/streaming-server/libs/streaming-server/src/main.js';

/** Jest refuses --watch where it cannot ask git what has changed. */
const watchFlag = () => (existsSync('.git') ? '--watch' : '--watchAll');

const COMMANDS = {
  demo: { run: (args) => become(LAB, ['demo', ...args]) },
  chaos: { run: (args) => become(LAB, ['chaos', ...args]) },
  start: { run: (args) => become(LAB, ['start', ...args]) },
  reconcile: { run: (args) => become(LAB, ['reconcile', ...args]) },
  token: { run: (args) => become(LAB, ['token', ...args]) },
  exhibit: { run: (args) => become(LAB, ['exhibit', ...args]) },
  'soak-nats': { run: (args) => become(LAB, ['soak-nats', ...args]) },
  proof: { run: proof },
  matrix: { run: (args) => labBesideRealServers('matrix', args) },
  mutants: { run: (args) => become(LAB, ['mutants', ...args]) },
  simulate: { run: (args) => become(LAB, ['simulate', ...args]) },
  'nats-streaming': { run: (args) => become(STREAMING_SERVER, args) },
  test: { run: test },
  'test-unit': {
    run: (args) => runChild([...JEST, '--selectProjects=unit', ...args]),
    buildless: true,
  },
  'test-real': { run: testReal },
  'test-postgres': { run: testPostgres },
  'bench-broker': { run: (args) => besideRealServers('bench/broker/run.mjs', args) },
  'bench-outbox': { run: (args) => besideRealServers('bench/outbox/run.mjs', args) },
  outbox: { run: outbox },
  relay: { run: relay },
  'docs-api': { run: (args) => runChild(['scripts/docs-api.mjs', ...args]) },
  'test-watch': { run: (args) => runChild([...JEST, watchFlag(), ...args]) },
  build: { run: () => 0, always: true },
  lint: { run: lint, buildless: true },
};

/** Runs one command and returns its exit code; undefined where the command goes on in this process. */
export async function runCommand([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`Unknown command ${name ?? '(none)'}; known: ${Object.keys(COMMANDS).join(', ')}`);
    return 2;
  }
  const ready = await bringUpToDate({ build: !command.buildless, rebuild: command.always ?? false });
  return ready ? command.run(args) : 1;
}

/** All specs but the long ones; a spec that is named runs, long or not. */
function test(args) {
  if (args.some((arg) => !arg.startsWith('-'))) process.env.TEST_LONG ??= '1';
  return runChild([...JEST, ...args]);
}

/** The specs of the brokers and of their drivers. */
const SERVER_SPECS = 'contract.real|core.real|libs/nats/test/(real|cluster)';
/** The end-to-end specs in which a broker matters. */
const BROKER_SPECS =
  'apps/lab/e2e/(one-transfer|connection-lost|broker-replaced|demo|exhibits|outbox-relay|drain|shutdown|soak-nats|sent-has-left)';

/** The specs of the brokers and of their drivers, and of what stands on them end to end, on the real servers. */
async function testReal(args) {
  const found = realServers();
  if (Object.keys(found).length < REAL_SERVERS.length) return 1;
  Object.assign(process.env, found, { TEST_REAL: '1', TEST_LONG: '1' });
  const run = (patterns, ...more) =>
    runChild([...JEST, '--selectProjects=e2e', `--testPathPatterns=${patterns}`, ...more, ...args]);
  // What measures a server against its contract is not to be disturbed by others.
  const code = await run(SERVER_SPECS, '--runInBand');
  return code === 0 ? run(BROKER_SPECS) : code;
}

/** The outbox's specs on other releases of PostgreSQL: on those that are named, or on all. */
async function testPostgres(args) {
  const majors = args.length > 0 ? args : Object.keys(OTHER_POSTGRES);
  const unknown = majors.filter((major) => !Object.hasOwn(OTHER_POSTGRES, major));
  if (unknown.length > 0) {
    console.error(`Which PostgreSQL? ${Object.keys(OTHER_POSTGRES).join(', ')}; got ${unknown.join(', ')}`);
    return 2;
  }
  for (const major of majors) {
    const binaries = await otherPostgres(major);
    if (binaries === undefined) return 1;
    console.log(`\nPostgreSQL ${OTHER_POSTGRES[major]}`);
    process.env.TEST_POSTGRES_BINARIES = binaries;
    const code = await runChild([...JEST, '--selectProjects=integration', '--testPathPatterns=libs/outbox']);
    if (code !== 0) return code;
  }
  return 0;
}

/** Measures beside the real server where there is one, and alone where there is none. */
async function besideRealServers(script, args) {
  Object.assign(process.env, realServers());
  return runChild([script, ...args]);
}

/** The lab, with JetStream where there is a server for it. */
async function labBesideRealServers(command, args) {
  const { NATS_SERVER } = realServers();
  if (NATS_SERVER !== undefined) process.env.NATS_SERVER = NATS_SERVER;
  return become(LAB, [command, ...args]);
}

/** The outbox's own command, as every service has it built in. */
async function outbox(args) {
  const { runOutboxCommand } = await import(pathToFileURL(resolve(OUTBOX)).href);
  return runOutboxCommand(args);
}

/** The relay of one service, as a process of its own. */
async function relay([service, ...args]) {
  if (Object.hasOwn(RELAYS, service ?? '')) return become(RELAYS[service], args);
  console.error(`Whose relay? npm run relay -- ${Object.keys(RELAYS).join('|')}; got ${service ?? '(none)'}`);
  return 2;
}

/** Goes on as another program, in this very process: nobody stands between it and its signals. */
async function become(entry, args) {
  process.argv = [process.argv[0], resolve(entry), ...args];
  await import(pathToFileURL(resolve(entry)).href);
  return process.exitCode;
}

/** Runs all checks, even after one has failed: a lint run that stops at the first tells half. */
async function lint() {
  const checks = [
    ['eslint', ['node_modules/eslint/bin/eslint.js', '.']],
    ['tsc', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']],
    ['prettier', ['node_modules/prettier/bin/prettier.cjs', '--check', '.']],
    ['layers', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'apps', 'libs']],
  ];
  const failed = [];
  await twoAtATime(checks, async ([name, args]) => {
    const { code, output } = await runCollected(process.execPath, args);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`);
    if (code === 0) return;
    failed.push(name);
    console.log(output);
  });
  if (failed.length > 0) console.error(`lint failed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}
