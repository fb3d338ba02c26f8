/** The longest cell of a table; the whole text is in the JSON. */
const CELL_MAX = 80;
/** What an error's text may hold, and a terminal would obey. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g;

/** A value as a person reads it, in one line. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(CONTROLS, ' ');
}

/** Rows as a table with the names of their members above; nothing where there are no rows. */
export function tableOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return [];
  const cells = [names, ...rows.map((row) => names.map((name) => shorten(cellOf(row[name]))))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Members, one a line. */
export function membersOf(members: Readonly<Record<string, unknown>>): string[] {
  const width = Math.max(...Object.keys(members).map((name) => name.length));
  return Object.entries(members).map(([name, value]) => `${name.padEnd(width)}  ${cellOf(value)}`);
}

function shorten(text: string): string {
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX - 1)}…` : text;
}
