/** Whether this may be the name of a channel: NATS's rules for a literal subject, and no `/`. Blanks are allowed. */
export function isValidChannelName(name: string): boolean {
  if (name === '' || name.startsWith('.') || name.endsWith('.')) return false;
  return !name.includes('..') && !/[/*>]/.test(name);
}
