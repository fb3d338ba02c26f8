/** What the benchmark says: a table and target lines for each part, and everything again as JSON. */
import { text } from './numbers.mjs';

/** Collects what the parts find, and prints it as it comes. */
export class Report {
  parts = {};
  #part;

  begin(name, title) {
    this.#part = this.parts[name] = { title, rows: [], targets: [], notes: [] };
    console.log(`\n${name}: ${title}`);
  }

  /** One line of the part's table: a name, and numbers by their units. */
  row(name, values) {
    this.#part.rows.push({ name, ...values });
    const cells = Object.entries(values).map(([unit, value]) => {
      const shown = typeof value === 'number' ? text(value) : value;
      return `${shown} ${unit}`;
    });
    console.log(`  ${name.padEnd(44)} ${cells.join(' · ')}`);
  }

  note(line) {
    this.#part.notes.push(line);
    console.log(`  ${line}`);
  }

  /**
   * Says whether a target is met.
   *
   * @param bound such as `{ least: 0.5 }`, `{ most: 3 }` or `{ below: 10 }`
   */
  target(what, bound, measured, unit = '') {
    const [[kind, limit]] = Object.entries(bound);
    const met = { least: measured >= limit, most: measured <= limit, below: measured < limit }[kind];
    this.#part.targets.push({ what, ...bound, measured, unit, met });
    const sign = { least: '≥', most: '≤', below: '<' }[kind];
    console.log(
      `  target ${what} ${sign} ${text(limit)}${unit}  measured ${text(measured)}${unit}  ${met ? 'met' : 'MISSED'}`,
    );
  }

  get missed() {
    return Object.values(this.parts).flatMap(({ targets }) => targets.filter(({ met }) => !met));
  }
}
