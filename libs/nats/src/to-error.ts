/** The clients emit Error objects and, from the server, plain strings; Nest's filters throw `{ status, message }`. */
export function toError(value: unknown): Error {
  if (value instanceof Error) return value;
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : value;
  return new Error(String(message), { cause: value });
}
