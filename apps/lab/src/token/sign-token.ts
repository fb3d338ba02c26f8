import { SignJWT } from 'jose';

const SECONDS_PER_HOUR = 3_600;

/** What a token says. */
export interface TokenClaims {
  readonly subject: string;
  /** With spaces between. */
  readonly scope: string;
  /** How long it is valid. */
  readonly hours: number;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** Signs a token with a secret that the services share (HS256). */
export function signToken(
  { subject, scope, hours, issuer, audience }: TokenClaims,
  secret: string,
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const token = new SignJWT({ scope })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(subject)
    .setIssuedAt(now)
    .setExpirationTime(now + hours * SECONDS_PER_HOUR);
  if (issuer) token.setIssuer(issuer);
  if (audience) token.setAudience(audience);
  return token.sign(new TextEncoder().encode(secret));
}
