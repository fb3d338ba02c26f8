import { describe, expect, it } from '@jest/globals';
import { HEALTHY } from '../../../testing/books.fixture.js';
import { audit } from '../../audit/audit.js';
import type { ChaosRun } from '../run-chaos.js';
import { clock, tableOf } from './markup.js';
import { renderReport } from './report.js';
import { ticksTo, timesTo } from './scale.js';

const RUN: ChaosRun = {
  strategy: 'outbox',
  durationMs: 30_000,
  healedAtMs: 30_100,
  told: { accepted: 2, refused: 0, unknown: 0 },
  blind: 1,
  faults: [
    {
      fault: { number: 1, atMs: 2_000, durationMs: 600, action: 'freeze', target: 'accounts-a–postgres' },
      struckAtMs: 2_010,
      overAtMs: 2_640,
    },
    { fault: { number: 2, atMs: 5_000, durationMs: 600, action: 'kill', target: 'broker' }, error: 'gone' },
  ],
  readings: [0, 1, 2].map((index) => ({
    atMs: index * 15_000,
    recorded: index,
    backlog: index === 1 ? 120 : 0,
    outboxDepth: index === 1 ? 80 : 0,
    pending: index === 1 ? 130 : 0,
    moneyDifferenceMinor: index === 1 ? '123456' : '0',
    faults: [],
  })),
  audit: audit(HEALTHY),
  outOfOrder: [],
  surprises: [],
  recoveryMs: 1_234,
};
const REPORT = renderReport({
  seed: 7,
  runs: [RUN, { ...RUN, strategy: 'direct' }],
  findings: ['a <finding> & more'],
});

describe('the report', () => {
  it('needs no other file and no network', () => {
    expect(REPORT).not.toMatch(/https?:|<link|<img|@import|url\(|src=/);
  });

  it('is markup whose elements are all closed', () => {
    const open: string[] = [];
    const text = REPORT.replace(/<!doctype html>/, '').replaceAll(
      /(<(script|style)[^>]*>)[\s\S]*?(<\/\2>)/g,
      '$1$3',
    );
    for (const [, end, name = '', rest = ''] of text.matchAll(
      /<(\/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>/gi,
    )) {
      if (end === '/') expect(open.pop()).toBe(name);
      else if (!rest.endsWith('/') && name !== 'meta') open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('draws the faults and four curves for each run, each with words for who cannot see it', () => {
    const labels = [...REPORT.matchAll(/<svg [^>]*aria-label="([^"]+)"/g)].map(([, label]) => label);
    expect(labels).toHaveLength(10);
    expect(labels.slice(0, 5)).toEqual([
      'Faults: 0 of killed, 0 of paused, 0 of restarted, 0 of client cables, 0 of broker cables, 1 of postgres cables',
      'Backlog: recorded, not decided: at most 120, 0 in the end',
      'Outbox depth: events that wait: at most 80, 0 in the end',
      'Transfers that say pending: at most 130, 0 in the end',
      'Money recorded on one side only, in EUR: at most EUR 1 234.56, EUR 0.00 in the end',
    ]);
  });

  it('has a band for each fault that has struck, in every curve, and tells what it was', () => {
    const bands = [...REPORT.matchAll(/<rect class="band"[^>]*><title>([^<]+)<\/title>/g)].map(
      ([, title]) => title,
    );
    expect(bands).toEqual(Array.from({ length: 8 }, () => 'freeze accounts-a–postgres, 0:02 to 0:03'));
  });

  it('shows every number as a table too', () => {
    expect(REPORT).toContain(
      '<th scope="row">15.0</th><td>1</td><td>120</td><td>80</td><td>130</td><td>EUR 1 234.56</td>',
    );
    expect(REPORT).toContain('<th scope="row">kill broker</th><td>2</td><td>5.0</td><td>–</td><td>–</td>');
  });

  it('writes what was found as text', () => {
    expect(REPORT).toContain('<li>a &lt;finding&gt; &amp; more</li>');
    expect(renderReport({ seed: 7, runs: [RUN], findings: [] })).toContain(
      'Nothing was found that must not be.',
    );
  });

  it('reads in dark and in light', () => {
    expect(REPORT).toMatch(/color-scheme: light dark[\s\S]+prefers-color-scheme: dark/);
  });
});

describe('axes', () => {
  it.each<[number, number[]]>([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [120, [0, 50, 100, 150]],
    [123_456, [0, 50_000, 100_000, 150_000]],
  ])('to %d have round values', (most, ticks) => {
    expect(ticksTo(most, 3)).toEqual(ticks);
  });

  it('of time have round times', () => {
    expect(timesTo(31_000, 6)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(timesTo(620_000, 6).at(-1)).toBe(600_000);
    expect([clock(0), clock(65_400), clock(3_600_000)]).toEqual(['0:00', '1:05', '60:00']);
  });
});

it('a table names its rows and columns', () => {
  expect(
    tableOf(
      [
        ['a', 'b'],
        ['1', '<'],
      ],
      'c',
    ),
  ).toContain('<tbody><tr><th scope="row">1</th><td>&lt;</td></tr></tbody>');
});
