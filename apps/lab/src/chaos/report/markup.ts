/** Text as it stands between tags and in attributes. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** A table: the first row is its head, and the first cell of each row its name. */
export function tableOf(rows: readonly (readonly string[])[], caption: string): string {
  const [head = [], ...body] = rows;
  const cells = (row: readonly string[]) =>
    row.map((cell, column) =>
      column === 0 ? `<th scope="row">${escaped(cell)}</th>` : `<td>${escaped(cell)}</td>`,
    );
  return [
    `<div class="scroll"><table><caption>${escaped(caption)}</caption>`,
    `<thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead>`,
    `<tbody>${body.map((row) => `<tr>${cells(row).join('')}</tr>`).join('')}</tbody></table></div>`,
  ].join('');
}

/** Time since the beginning: `1:05`. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
