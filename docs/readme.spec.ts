import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { environmentSchema as accountsSchema } from '../apps/accounts/src/config.js';
import { environmentSchema as transactionsSchema } from '../apps/transactions/src/config.js';

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The cells of a table's body, by the first cell of its header. */
function tableOf(firstHeader: string): string[][] {
  const lines = readme.split('\n');
  const header = lines.findIndex(
    (line) => line.startsWith(`| ${firstHeader} |`) || line.startsWith(`| ${firstHeader}  `),
  );
  const end = lines.findIndex((line, index) => index > header && !line.startsWith('|'));
  return lines.slice(header + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The target of a cell that is a link. */
function linkIn(cell: string): string {
  return /\]\(([^)]+)\)/.exec(cell)?.[1] ?? '';
}

describe('the table of ideas', () => {
  const ideas = tableOf('idea').map(([idea = '', file = '', proof = '']) => ({
    idea,
    file: linkIn(file),
    specification: linkIn(proof),
    title: /“(.+)”/.exec(proof)?.[1] ?? '',
  }));

  it('names all sixteen of them', () => {
    expect(ideas.map(({ idea }) => idea)).toHaveLength(16);
  });

  it.each(ideas)('points to a file that exists: $idea', ({ file }) => {
    expect(existsSync(join(root, file))).toBe(true);
  });

  it.each(ideas)('points to a test that exists: $idea', ({ specification, title }) => {
    expect(title).not.toBe('');
    expect(readFileSync(join(root, specification), 'utf8')).toContain(title);
  });
});

describe('the table of settings', () => {
  const settings = new Map(
    tableOf('variable').map(([name = '', fallback = '']) => [name.replaceAll('`', ''), fallback]),
  );

  const variables = { ...transactionsSchema.shape, ...accountsSchema.shape };

  it.each(Object.entries(variables))('has %s with its default', (name, schema) => {
    const fallback = schema.safeParse(undefined);
    const expected =
      name === 'PORT' ? portDefaults() : fallback.success ? String(fallback.data ?? '') : 'required';
    expect(settings.get(name)?.replaceAll('`', '')).toBe(
      {
        NATS_CLIENT_ID: 'service and host name',
        NATS_CHANNEL_PREFIX: 'none',
        NATS_CLUSTER_ID: 'required (streaming)',
        RATE_LIMIT_PER_MINUTE: '6000; 0 on loopback without access',
      }[name] ?? expected,
    );
  });

  it('has no other', () => {
    expect([...settings.keys()]).toEqual(Object.keys(variables));
  });

  function portDefaults(): string {
    return [transactionsSchema, accountsSchema]
      .map((schema) => schema.shape.PORT.parse(undefined))
      .join(' / ');
  }
});

describe('the links', () => {
  it.each(['README.md', 'docs/ideas.md', 'deploy/README.md'])('of %s lead somewhere', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((target) => !existsSync(join(root, dirname(file), target)))).toEqual([]);
  });
});
