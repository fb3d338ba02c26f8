/** How a table is set. */
export interface TextTableOptions {
  /** Whether a column has numbers, which stand to the right; default: none has. */
  readonly isNumeric?: (column: number) => boolean;
  /** Whether there is a line below the first row. */
  readonly ruled?: boolean;
}

/** Rows of cells as plain text, every column as wide as it must be. The first row has the titles. */
export function textTable(
  rows: readonly (readonly string[])[],
  { isNumeric = () => false, ruled = false }: TextTableOptions = {},
): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const align = (cell: string, column: number) =>
    isNumeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  const [head = '', ...body] = rows.map((row) => row.map(align).join('  ').trimEnd());
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [head, ...(ruled ? [rule] : []), ...body].join('\n');
}
