import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { natsEnvironment } from '../src/index.js';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
/** Variables whose default is not a value. */
const IN_WORDS: Record<string, string> = {
  NATS_CLUSTER_ID: 'required (streaming)',
  NATS_CLIENT_ID: 'service and host name',
  NATS_CHANNEL_PREFIX: 'none',
};

const rows = readme
  .split('\n')
  .filter((line) => line.startsWith('| `NATS_'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
const defaults = new Map(rows.map(([, name = '', , fallback = '']) => [name, fallback]));

describe('the table of settings', () => {
  it.each(Object.entries(natsEnvironment))('has %s with its default', (name, schema) => {
    const fallback = schema.safeParse(undefined);
    const expected = fallback.success ? String(fallback.data ?? 'none') : 'required';
    expect(defaults.get(name)).toBe(IN_WORDS[name] ?? expected);
  });

  it('has no other', () => {
    expect([...defaults.keys()]).toEqual(Object.keys(natsEnvironment));
  });

  it('has a unit for every number of milliseconds', () => {
    const units = new Map(rows.map(([, name = '', unit]) => [name, unit]));
    for (const [name, unit] of units) if (name.endsWith('_MS')) expect(`${name} ${unit}`).toBe(`${name} ms`);
  });
});
