import type { Account } from './account.js';

/** The ETag of an account: its version. Strong, since all that is shown follows from it. */
export function entityTagOf({ version }: Pick<Account, 'version'>): string {
  return `"${version}"`;
}

/**
 * Whether the tag is among those of an `If-Match`, or the header is `*` (RFC 9110, section 13.1.1). A weak tag never
 * matches there.
 */
export function matchesStrongly(header: string, tag: string): boolean {
  return header.trim() === '*' || tagsOf(header).includes(tag);
}

/** Whether the tag is among those of an `If-None-Match`, or the header is `*` (RFC 9110, section 13.1.2). */
export function matchesWeakly(header: string, tag: string): boolean {
  return header.trim() === '*' || tagsOf(header).some((listed) => listed.replace(/^W\//, '') === tag);
}

/** The tags of a list. One with a comma in it is none of ours, and may fall apart. */
function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}
