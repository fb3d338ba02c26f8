/** One thing that was looked at, and whether it is as claimed. */
export interface Finding {
  /** Whose behaviour it is. */
  readonly half: 'raw client' | 'provider';
  readonly claim: string;
  /** What was seen, for whoever does not believe it. */
  readonly seen: string;
  readonly holds: boolean;
}
