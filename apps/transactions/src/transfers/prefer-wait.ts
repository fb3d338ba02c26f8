/** The longest that a request is made to wait for an outcome, in seconds; a longer wish is cut to it. */
export const WAIT_SECONDS_MAX = 30;

/** RFC 7240: a token, optionally with a value that is a token or a quoted string, and parameters that are none of ours. */
const WAIT = /(?:^|,)\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?=$|[,;])/i;

/**
 * Reads the preference `wait` of a `Prefer` header (RFC 7240, section 4.3). The first one counts; one that is not
 * understood is as none, as every preference.
 *
 * @returns whole seconds up to {@link WAIT_SECONDS_MAX}, or undefined for no wish to wait
 */
export function preferredWaitSeconds(header: string | undefined): number | undefined {
  const [, quoted, bare] = WAIT.exec(header ?? '') ?? [];
  const seconds = quoted ?? bare;
  return seconds === undefined ? undefined : Math.min(Number(seconds), WAIT_SECONDS_MAX);
}
