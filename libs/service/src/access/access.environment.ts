import { Secret } from '@app/nats';
import { z } from 'zod';
import { isLoopback } from './loopback.js';

/** RFC 7518, 3.2: the key of HS256 is no shorter than its hash, 256 bits. */
const SECRET_LENGTH_MIN = 32;

/** The environment variables of access, for a service's own schema; {@link accessRules} says what goes together. */
export const accessEnvironment = {
  /** Where the keys are that tokens are signed with: a JSON Web Key Set. */
  AUTH_JWKS_URL: z
    .string()
    .refine((url) => /^https?:\/\/./.test(url) && URL.canParse(url), 'expected http:// or https://')
    .optional(),
  /** Tokens are signed with this very secret (HS256). */
  AUTH_JWT_SECRET: z
    .string()
    .refine(
      (secret) => Buffer.byteLength(secret) >= SECRET_LENGTH_MIN,
      `expected ${SECRET_LENGTH_MIN} bytes or more`,
    )
    .transform((secret) => new Secret(secret))
    .optional(),
  /** The `iss` that a token must have. */
  AUTH_ISSUER: z.string().min(1).optional(),
  /** The `aud` that a token must have among its own. */
  AUTH_AUDIENCE: z.string().min(1).optional(),
  /** Nobody is asked who they are, even where other machines reach the service. */
  AUTH_ALLOW_ANONYMOUS: z.stringbool().default(false),
};

/** What {@link accessEnvironment} yields, and what decides whether callers are asked. */
export type AccessEnvironment = z.output<z.ZodObject<typeof accessEnvironment>> & { readonly HOST: string };

/** Whether callers are asked who they are. */
export function isAccessOn(
  environment: Pick<AccessEnvironment, 'AUTH_JWKS_URL' | 'AUTH_JWT_SECRET'>,
): boolean {
  return environment.AUTH_JWKS_URL !== undefined || environment.AUTH_JWT_SECRET !== undefined;
}

/** A service that other machines reach does not start without a way to tell who calls, unless it is told to. */
export const accessRules = z.superRefine<AccessEnvironment>(
  (environment, context) => {
    const { HOST, AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_ALLOW_ANONYMOUS } = environment;
    const refuse = (name: string, message: string) => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (AUTH_JWKS_URL !== undefined && AUTH_JWT_SECRET !== undefined) {
      refuse('AUTH_JWT_SECRET', 'give a secret or AUTH_JWKS_URL, not both');
    }
    if (typeof HOST !== 'string' || isLoopback(HOST) || isAccessOn(environment) || AUTH_ALLOW_ANONYMOUS)
      return;
    refuse(
      'HOST',
      'other machines reach this address: give AUTH_JWKS_URL or AUTH_JWT_SECRET, or AUTH_ALLOW_ANONYMOUS=true',
    );
  },
  { when: () => true },
);
