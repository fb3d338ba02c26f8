import { formatMoney } from '../../demo/money.js';
import { CURRENCY } from '../../demo/script.js';
import { chaosCells } from '../chaos-table.js';
import type { FaultRecord, Reading } from '../history.js';
import type { ChaosRun } from '../run-chaos.js';
import { nameOf } from '../verdict.js';
import { clock, escaped, tableOf } from './markup.js';
import { AREA, plotCurve, plotLanes, type Band } from './plot.js';
import { SCRIPT, STYLE } from './style.js';

/** What a report is about. */
export interface ReportContent {
  readonly seed: number;
  readonly runs: readonly ChaosRun[];
  /** What was found, one sentence each; none: everything was as it must be. */
  readonly findings: readonly string[];
}

const money = (amountMinor: number) => formatMoney(BigInt(Math.round(amountMinor)), CURRENCY);

/** What is plotted of the readings, the worst that can happen last. */
const CURVES: readonly {
  readonly name: string;
  readonly title: string;
  readonly of: (reading: Reading) => number;
  readonly format: (value: number) => string;
  readonly formatTick?: (value: number) => string;
}[] = [
  { name: 'backlog', title: 'Backlog: recorded, not decided', of: ({ backlog }) => backlog, format: String },
  {
    name: 'outbox',
    title: 'Outbox depth: events that wait',
    of: ({ outboxDepth }) => outboxDepth,
    format: String,
  },
  { name: 'pending', title: 'Transfers that say pending', of: ({ pending }) => pending, format: String },
  {
    name: 'money',
    title: `Money recorded on one side only, in ${CURRENCY}`,
    of: ({ moneyDifferenceMinor }) => Number(moneyDifferenceMinor),
    format: money,
    formatTick: (value) => money(value).replace(`${CURRENCY} `, '').replace(/\.00$/, ''),
  },
];

const LANES: readonly { readonly name: string; readonly holds: (record: FaultRecord) => boolean }[] = [
  { name: 'killed', holds: ({ fault }) => fault.action === 'kill' },
  { name: 'paused', holds: ({ fault }) => fault.action === 'pause' },
  { name: 'restarted', holds: ({ fault }) => fault.action === 'roll' },
  { name: 'client cables', holds: ({ fault }) => fault.target.startsWith('client–') },
  { name: 'broker cables', holds: ({ fault }) => fault.target.endsWith('–broker') },
  { name: 'postgres cables', holds: ({ fault }) => fault.target.endsWith('–postgres') },
];

/** One page that needs no other file and no network: curves, fault bands, and every number as a table. */
export function renderReport({ seed, runs, findings }: ReportContent): string {
  const endMs = Math.max(1, ...runs.flatMap(({ readings }) => readings.map(({ atMs }) => atMs)));
  const most = CURVES.map(({ of }) => Math.max(0, ...runs.flatMap(({ readings }) => readings.map(of))));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Chaos run, seed ${seed}</title><style>${STYLE}</style></head><body>
<h1>Chaos run</h1>
<p class="muted">Seed ${seed}, ${clock(runs[0]?.durationMs ?? 0)} of faults. Bands are the times in which something was
broken; the dashed line is when everything was whole again.</p>
${findings.length === 0 ? '<p class="good">Nothing was found that must not be.</p>' : `<ul class="bad">${findings.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`}
${tableOf(chaosCells(runs), 'What came of it')}
<div class="runs">${runs.map((run) => runSection(run, endMs, most)).join('\n')}</div>
${runs.map(numbersOf).join('\n')}
<script>${SCRIPT}</script></body></html>
`;
}

function runSection(run: ChaosRun, endMs: number, most: readonly number[]): string {
  const { strategy, readings, faults, healedAtMs } = run;
  const bands = bandsOf(faults, endMs);
  const lanes = LANES.map(({ name, holds }) => ({ name, bands: bandsOf(faults.filter(holds), endMs) }));
  const curves = CURVES.map(({ name, title, of, format, formatTick = format }, index) => {
    const points = readings.map((reading) => ({ atMs: reading.atMs, value: of(reading) }));
    const plot = { title, points, bands, endMs, most: most[index] ?? 0, healedAtMs, format, formatTick };
    return `<figure data-curve="${name}"><h3>${escaped(title)}<span class="read"></span></h3>${plotCurve(plot)}</figure>`;
  });
  return [
    `<section data-run><h2>${escaped(strategy)}</h2>`,
    `<figure><h3>Faults</h3>${plotLanes(lanes, endMs)}</figure>`,
    ...curves,
    `<script type="application/json">${dataOf(readings, endMs)}</script></section>`,
  ].join('');
}

function bandsOf(faults: readonly FaultRecord[], endMs: number): Band[] {
  return faults.flatMap(({ fault, struckAtMs, overAtMs = endMs }) =>
    struckAtMs === undefined ? [] : [{ fromMs: struckAtMs, toMs: overAtMs, name: nameOf(fault) }],
  );
}

/** For the script: values as they are shown. */
function dataOf(readings: readonly Reading[], endMs: number): string {
  const shown = readings.map((reading) => ({
    at: reading.atMs,
    clock: clock(reading.atMs),
    ...Object.fromEntries(CURVES.map(({ name, of, format }) => [name, format(of(reading))])),
  }));
  return JSON.stringify({ readings: shown, endMs, ...AREA }).replaceAll('<', '\\u003c');
}

function numbersOf({ strategy, faults, readings }: ChaosRun): string {
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1_000).toFixed(1));
  const faultRows = faults.map(({ fault, struckAtMs, overAtMs }) => [
    nameOf(fault),
    String(fault.number),
    seconds(fault.atMs),
    seconds(struckAtMs),
    seconds(overAtMs),
  ]);
  const readingRows = readings.map((reading) => [
    seconds(reading.atMs),
    String(reading.recorded),
    ...CURVES.map(({ of, format }) => format(of(reading))),
    reading.faults.length === 0 ? '' : String(reading.faults.length),
  ]);
  const readingHead = [
    's',
    'recorded',
    'backlog',
    'outbox depth',
    'pending',
    'money on one side only',
    'faults seen',
  ];
  return [
    `<details><summary>${escaped(strategy)}: the faults as a table</summary>`,
    tableOf(
      [['fault', 'number', 'planned (s)', 'struck (s)', 'over (s)'], ...faultRows],
      'Every fault of the plan',
    ),
    `</details><details><summary>${escaped(strategy)}: the readings as a table</summary>`,
    tableOf([readingHead, ...readingRows], 'Every reading of both databases'),
    '</details>',
  ].join('');
}
