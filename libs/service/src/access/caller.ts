/** What a caller may be allowed to do. `bank:admin` is the bank itself: it may act for every customer. */
export const SCOPES = [
  'transfers:read',
  'transfers:write',
  'accounts:read',
  'accounts:write',
  'bank:admin',
] as const;

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

/** Who sends a request, and what they may do. */
export interface Caller {
  /** The token's `sub`; undefined where access is off and nobody is asked. */
  readonly subject: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
}

/** Who everybody is where access is off. */
export const ANYBODY: Caller = { subject: undefined, scopes: new Set(SCOPES) };

/** Whether the caller is the bank, and what belongs to others is theirs to see and to move. */
export function isBank({ scopes }: Caller): boolean {
  return scopes.has('bank:admin');
}
