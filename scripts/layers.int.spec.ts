import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = resolve(import.meta.dirname, '..');
const CRUISER = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** A house that breaks each rule once: the file that does, and the import that it does it with. */
const BREACHES: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'no-circle': ['libs/nats/src/egg.ts', './hen.js'],
  'no-app-imports-app': ['apps/accounts/src/spy.ts', '../../transactions/src/main.js'],
  'libs-do-not-know-apps': ['libs/nats/src/upwards.ts', '../../../apps/accounts/src/main.js'],
  'nats-is-the-ground-floor': ['libs/nats/src/outbox-user.ts', '@app/outbox'],
  'contracts-stand-on-nats-only': ['libs/contracts/src/outbox-user.ts', '@app/outbox'],
  'outbox-stands-on-nats-only': ['libs/outbox/src/bank-knower.ts', '@app/contracts'],
  'service-knows-no-event': ['libs/service/src/bank-knower.ts', '@app/contracts'],
  'streaming-server-knows-nobody': ['libs/streaming-server/src/client-knower.ts', '@app/nats'],
  'streaming-server-is-for-the-lab': ['apps/transactions/src/broker-knower.ts', '@app/streaming-server'],
  'fakes-are-for-specs': ['apps/transactions/src/faker.ts', '@app/nats/testing'],
  'one-door': ['apps/transactions/src/burglar.ts', '../../../libs/nats/src/egg.js'],
};

const OTHER_HALF_OF_THE_CIRCLE = 'libs/nats/src/hen.ts';

/** What is allowed, and must stay so. */
const VISITS: readonly (readonly [from: string, to: string])[] = [
  ['apps/transactions/src/main.ts', '@app/service'],
  ['apps/transactions/src/main.spec.ts', '@app/nats/testing'],
  ['apps/lab/src/main.ts', '@app/streaming-server'],
  ['libs/nats/src/nats.int.spec.ts', '@app/streaming-server'],
  ['libs/nats/src/neighbour.ts', './other.js'],
  ['libs/outbox/src/publisher.ts', '@app/nats'],
  ['libs/contracts/src/events.ts', '@app/nats'],
  ['libs/service/src/serve.ts', '@app/outbox'],
];

const FILES = ['apps/accounts/src/main.ts', 'libs/nats/src/other.ts', 'libs/nats/testing/index.ts'].concat(
  ['nats', 'outbox', 'contracts', 'service', 'streaming-server'].map((lib) => `libs/${lib}/src/index.ts`),
);

let house: string;
let exitCode: number | null;
let violations: readonly string[];

function write(path: string, source: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true });
  writeFileSync(join(house, path), source);
}

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const name of ['tsconfig.json', '.dependency-cruiser.cjs'])
    cpSync(join(root, name), join(house, name));
  for (const path of FILES) write(path, 'export const here = true;\n');
  for (const [from, to] of [...Object.values(BREACHES), ...VISITS]) write(from, `export * from '${to}';\n`);
  write(OTHER_HALF_OF_THE_CIRCLE, "export * from './egg.js';\n");
  // As the lint run calls it, without colours.
  const cruise = spawnSync(process.execPath, [CRUISER, 'apps', 'libs'], {
    cwd: house,
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  exitCode = cruise.status;
  violations = [...cruise.stdout.matchAll(/^ *error (\S+: \S+)/gm)].map(([, violation = '']) => violation);
});

afterAll(() => rmSync(house, { recursive: true }));

describe('the lint run', () => {
  it('fails when a rule is broken', () => {
    expect(exitCode).toBeGreaterThan(0);
  });

  it.each(Object.entries(BREACHES))('finds a breach of `%s`', (rule, [from]) => {
    expect(violations).toContain(`${rule}: ${from}`);
  });

  it('finds nothing else: what is allowed stays allowed', () => {
    const culprits = new Set([...Object.values(BREACHES).map(([from]) => from), OTHER_HALF_OF_THE_CIRCLE]);
    expect(violations.filter((violation) => !culprits.has(violation.split(': ')[1] ?? ''))).toEqual([]);
  });

  it('has no rule without an example here', () => {
    const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
      forbidden: readonly { name: string }[];
    };
    expect(forbidden.map(({ name }) => name).sort()).toEqual(Object.keys(BREACHES).sort());
  });
});
