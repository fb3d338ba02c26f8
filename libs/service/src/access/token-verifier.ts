import {
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { isAccessOn, type AccessEnvironment } from './access.environment.js';
import { SCOPES, type Caller, type Scope } from './caller.js';

/** By how much the clock of whoever issues tokens may differ from this one's, in s. */
const CLOCK_TOLERANCE_S = 30;

/** A key set is public, so nothing may be signed with a secret, least of all with a public key taken for one. */
const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
];
const SECRET_ALGORITHMS = ['HS256'];

/** OpenID Connect Core, 2: an issuer gives out none that is longer. */
const SUBJECT_LENGTH_MAX = 255;

/** What is wrong when it is not the token: the key set was not fetched, or is none. */
const KEYS_UNAVAILABLE: ReadonlySet<string> = new Set([
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
  errors.JOSEError.code,
]);

/** The token is not good: expired, of somebody else, for somebody else, or no token at all. */
export class InvalidTokenError extends Error {
  readonly code = 'INVALID_TOKEN';

  constructor(reason: string, options?: { readonly cause: unknown }) {
    super(reason, options);
    this.name = 'InvalidTokenError';
  }
}

/** The keys could not be fetched: nothing is known of the token. */
export class KeysUnavailableError extends Error {
  readonly code = 'KEYS_UNAVAILABLE';

  constructor(options: { readonly cause: unknown }) {
    super('The keys that tokens are checked with are not available', options);
    this.name = 'KeysUnavailableError';
  }
}

/** Tells by a JSON Web Token (RFC 7519) who sends a request. */
export class TokenVerifier {
  private readonly options: JWTVerifyOptions;

  private constructor(
    private readonly keyOf: JWTVerifyGetKey,
    algorithms: string[],
    { AUTH_ISSUER, AUTH_AUDIENCE }: AccessEnvironment,
  ) {
    this.options = {
      algorithms,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      ...(AUTH_ISSUER === undefined ? {} : { issuer: AUTH_ISSUER }),
      ...(AUTH_AUDIENCE === undefined ? {} : { audience: AUTH_AUDIENCE }),
    };
  }

  /** @returns undefined where callers are not asked who they are */
  static for(environment: AccessEnvironment): TokenVerifier | undefined {
    if (!isAccessOn(environment)) return undefined;
    const { AUTH_JWKS_URL, AUTH_JWT_SECRET } = environment;
    if (AUTH_JWKS_URL !== undefined) {
      return new TokenVerifier(
        createRemoteJWKSet(new URL(AUTH_JWKS_URL)),
        PUBLIC_KEY_ALGORITHMS,
        environment,
      );
    }
    const secret = new TextEncoder().encode(AUTH_JWT_SECRET?.reveal());
    return new TokenVerifier(() => Promise.resolve(secret), SECRET_ALGORITHMS, environment);
  }

  /**
   * @throws InvalidTokenError for a token that is not good
   * @throws KeysUnavailableError when nobody can tell
   */
  async callerOf(token: string): Promise<Caller> {
    const claims = await this.claimsOf(token);
    const { sub: subject } = claims;
    if (typeof subject !== 'string' || subject === '' || subject.length > SUBJECT_LENGTH_MAX) {
      throw new InvalidTokenError(`"sub" is not a text of 1 to ${SUBJECT_LENGTH_MAX} characters`);
    }
    return { subject, scopes: scopesOf(claims) };
  }

  private async claimsOf(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.keyOf, this.options)).payload;
    } catch (cause) {
      if (!(cause instanceof errors.JOSEError) || KEYS_UNAVAILABLE.has(cause.code)) {
        throw new KeysUnavailableError({ cause });
      }
      throw new InvalidTokenError(cause.message, { cause });
    }
  }
}

/** `scope` as RFC 8693 has it, a text with spaces; or `scp`, as some issuers write it, a text or a list. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<Scope> {
  const given = [scope, scp].flat().flatMap((value) => (typeof value === 'string' ? value.split(' ') : []));
  return new Set(SCOPES.filter((known) => given.includes(known)));
}
