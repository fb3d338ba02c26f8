import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { HEALTH_DEFAULTS } from '../src/health/outbox-health.options.js';
import { metricFamilies } from '../src/metrics/metric-families.js';
import { outboxEnvironment, RELAY_DEFAULTS } from '../src/outbox.options.js';
import { RETENTION_DEFAULTS } from '../src/retention/retention.options.js';

const library = join(import.meta.dirname, '..');
const readme = readFileSync(join(library, 'README.md'), 'utf8');

/** The cells of a table's body, by the first cell of its header. */
function tableOf(firstHeader: string): string[][] {
  const lines = readme.split('\n');
  const header = lines.findIndex((line) => line.startsWith('|') && cellsOf(line)[0] === firstHeader);
  const end = lines.findIndex((line, index) => index > header && !line.startsWith('|'));
  return lines.slice(header + 2, end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));
}

/** Each guarantee by its number, with the tests that it names. */
const guarantees = readme
  .slice(readme.indexOf('## Guarantees'), readme.indexOf('## What it does not promise'))
  .split(/\n(?=\d+\. )/)
  .slice(1)
  .map((text) => ({
    number: Number.parseInt(text, 10),
    proofs: [...text.matchAll(/\[[^\]]+\]\(([^)]+)\) › “([^”]+)”/g)].map(([, file = '', title = '']) => ({
      file,
      title,
    })),
    /** Links that look like a proof, however they go on. */
    links: [...text.matchAll(/\]\(/g)].length,
  }));

describe('the guarantees', () => {
  it('are numbered from 1 on', () => {
    expect(guarantees.map(({ number }) => number)).toEqual(guarantees.map((_, index) => index + 1));
    expect(guarantees.length).toBeGreaterThan(15);
  });

  it.each(guarantees)('$number names the test that proves it', ({ proofs, links }) => {
    expect(proofs.length).toBeGreaterThan(0);
    expect(proofs).toHaveLength(links);
  });

  it.each(guarantees.flatMap(({ number, proofs }) => proofs.map((proof) => ({ number, ...proof }))))(
    '$number is proven by a test that exists: $title',
    ({ file, title }) => {
      const specification = readFileSync(join(library, file), 'utf8');
      expect(specification.includes(`'${title}'`)).toBe(true);
    },
  );
});

describe.each([
  ['relay', RELAY_DEFAULTS],
  ['retention', RETENTION_DEFAULTS],
  ['health', HEALTH_DEFAULTS],
] as const)('the table of %s', (name, defaults) => {
  const rows = tableOf(name);

  it('has every setting with the default of the code, and no other', () => {
    const told = rows.map(([setting = '', , fallback]) => [setting, fallback]);
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(defaults).map(([setting, value]) => [setting, String(value)])),
    );
    expect(told).toHaveLength(Object.keys(defaults).length);
  });

  it('has a unit for each, and the one that the name ends in', () => {
    for (const [setting = '', unit] of rows) {
      expect(`${setting}: ${unit}`).toMatch(/Ms: ms$|Days: days$|(Max|Min): [a-z]+$/);
    }
  });
});

describe('the table of variables', () => {
  it('has each with its default, and no other', () => {
    const told = tableOf('variable').map(([name, , fallback]) => [name, fallback]);
    const defaults = Object.entries(outboxEnvironment).map(([name, schema]) => [
      name,
      String(schema.parse(undefined) ?? 'none'),
    ]);
    expect(told).toEqual(defaults);
  });
});

describe('the table of metrics', () => {
  it('has each as it is announced to Prometheus, and no other', () => {
    const told = tableOf('metric').map(([name, type, , help]) => ({ name, type, help }));
    expect(told).toEqual(metricFamilies.map(({ name, type, help }) => ({ name, type, help })));
  });
});

describe('the links', () => {
  it('lead somewhere', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !existsSync(join(library, target)))).toEqual([]);
  });
});
