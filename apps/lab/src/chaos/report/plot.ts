import { clock, escaped } from './markup.js';
import { ticksTo, timesTo } from './scale.js';

/** A point of a curve. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** A span of time in which something was broken. */
export interface Band {
  readonly fromMs: number;
  readonly toMs: number;
  readonly name: string;
}

/** One curve over time. */
export interface Plot {
  readonly title: string;
  readonly points: readonly Point[];
  readonly bands: readonly Band[];
  /** Where the time axis ends; the same for all that are compared. */
  readonly endMs: number;
  /** The highest value of all that are compared. */
  readonly most: number;
  /** When nothing failed any more. */
  readonly healedAtMs: number;
  /** A value as people read it. */
  readonly format: (value: number) => string;
  /** The same at an axis, where the title tells the unit. */
  readonly formatTick: (value: number) => string;
}

/** In the units of the view box: the page scales it. */
const WIDTH = 640;
const HEIGHT = 170;
const LEFT = 100;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 24;
const LANE = 20;
const VALUES = 3;
const TIMES = 6;

/** Where the curves lie, for the script that reads values under the pointer. */
export const AREA = { width: WIDTH, left: LEFT, right: RIGHT };

/** Draws a curve, with the faults as bands behind it. */
export function plotCurve(plot: Plot): string {
  const { title, points, bands, endMs, most, healedAtMs, format, formatTick } = plot;
  const ticks = ticksTo(most, VALUES);
  const top = ticks.at(-1) ?? 1;
  const x = xOf(endMs);
  const y = (value: number) => round(TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM));
  const line = points.map(({ atMs, value }) => `${x(atMs)},${y(value)}`).join(' ');
  const [first, last] = [points[0], points.at(-1)];
  const area = first && last ? `${x(first.atMs)},${y(0)} ${line} ${x(last.atMs)},${y(0)}` : '';
  const highest = points.reduce((highestYet, { value }) => Math.max(highestYet, value), 0);
  const label = `${title}: at most ${format(highest)}, ${format(last?.value ?? 0)} in the end`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(label)}">`,
    ...bands.map((band) => bandOf(band, x)),
    ...ticks.map((value) => gridLine(y(value), formatTick(value))),
    timeAxis(endMs, x, HEIGHT),
    `<line class="healed" x1="${x(healedAtMs)}" x2="${x(healedAtMs)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
    `<polygon class="area" points="${area}"/><polyline class="curve" points="${line}"/>`,
    last === undefined ? '' : `<circle class="dot" cx="${x(last.atMs)}" cy="${y(last.value)}" r="3"/>`,
    `<line class="pointer" y1="${TOP}" y2="${HEIGHT - BOTTOM}" hidden=""/></svg>`,
  ].join('');
}

/** Draws when what was broken: a lane for each kind, a bar for each fault. */
export function plotLanes(
  lanes: readonly { readonly name: string; readonly bands: readonly Band[] }[],
  endMs: number,
): string {
  const x = xOf(endMs);
  const height = TOP + lanes.length * LANE + BOTTOM;
  const rows = lanes.map(({ name, bands }, index) => {
    const y = TOP + index * LANE;
    const bars = bands.map((band) => {
      const width = Math.max(2, x(band.toMs) - x(band.fromMs));
      return `<rect class="bar" x="${x(band.fromMs)}" y="${y + 4}" width="${round(width)}" height="${LANE - 8}" rx="2">${titleOf(band)}</rect>`;
    });
    const text = `<text class="lane" x="${LEFT - 8}" y="${y + LANE / 2 + 4}">${escaped(name)}</text>`;
    const rule = `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y + LANE}" y2="${y + LANE}"/>`;
    return [rule, text, ...bars].join('');
  });
  const label = `Faults: ${lanes.map(({ name, bands }) => `${bands.length} of ${name}`).join(', ')}`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">`,
    ...rows,
    timeAxis(endMs, x, height),
    `<line class="pointer" y1="${TOP}" y2="${height - BOTTOM}" hidden=""/></svg>`,
  ].join('');
}

function xOf(endMs: number): (atMs: number) => number {
  return (atMs) => round(LEFT + (atMs / endMs) * (WIDTH - LEFT - RIGHT));
}

function bandOf(band: Band, x: (atMs: number) => number): string {
  const width = round(Math.max(1, x(band.toMs) - x(band.fromMs)));
  return `<rect class="band" x="${x(band.fromMs)}" y="${TOP}" width="${width}" height="${HEIGHT - TOP - BOTTOM}">${titleOf(band)}</rect>`;
}

function titleOf({ name, fromMs, toMs }: Band): string {
  return `<title>${escaped(`${name}, ${clock(fromMs)} to ${clock(toMs)}`)}</title>`;
}

function gridLine(y: number, text: string): string {
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="value" x="${LEFT - 8}" y="${y + 4}">${escaped(text)}</text>`;
}

function timeAxis(endMs: number, x: (atMs: number) => number, height: number): string {
  return timesTo(endMs, TIMES)
    .map((atMs) => `<text class="time" x="${x(atMs)}" y="${height - 6}">${clock(atMs)}</text>`)
    .join('');
}

/** A tenth of a unit is less than a pixel. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
