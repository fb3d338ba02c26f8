/** What an operation gave, as JSON has it: numbers that JSON can't hold whole are texts, and times are RFC 3339. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? member.toString() : member)),
  );
}
