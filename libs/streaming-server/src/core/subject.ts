/** Whether a subscription may name this subject: no empty token, `*` and `>` as whole tokens, `>` only last. */
export function isValidSubscriptionSubject(subject: string): boolean {
  const tokens = subject.split('.');
  return tokens.every((token, index) => token !== '' && (token !== '>' || index === tokens.length - 1));
}

/** Whether a message may be published to this subject: no empty token and no wildcard token. */
export function isValidPublishSubject(subject: string): boolean {
  return subject.split('.').every((token) => token !== '' && token !== '*' && token !== '>');
}

/** A literal subject matches only itself; `foo*` and `a>b` are literal, the wildcards must be whole tokens. */
export function isLiteralSubject(subject: string): boolean {
  if (!subject.includes('*') && !subject.includes('>')) return true;
  return !subject.split('.').some((token) => token === '*' || token === '>');
}

/** A subject with an empty token matches nothing, not even `>`. */
export function hasNoEmptyToken(subject: string): boolean {
  return !subject.split('.').includes('');
}
