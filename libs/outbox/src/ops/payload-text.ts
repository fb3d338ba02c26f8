/** A payload as text, if it is UTF-8 that PostgreSQL's text can hold: then byte for byte the same. */
export function textOf(payload: Buffer): string | undefined {
  const text = payload.toString();
  return !text.includes('\0') && Buffer.from(text).equals(payload) ? text : undefined;
}
