/** A structured line for a person: time, level, context and message, then the other fields as `name=value`. */
export function textOf(line: string): string {
  const { time, level, context, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${wordOf(value)}`);
  const stack = (err as { readonly stack?: string } | undefined)?.stack;
  const words = [
    time,
    String(level).toUpperCase().padEnd(5),
    context && `[${wordOf(context)}]`,
    msg,
    ...rest,
  ];
  return `${words.filter(Boolean).map(wordOf).join(' ')}${stack === undefined ? '' : `\n${stack}`}\n`;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
