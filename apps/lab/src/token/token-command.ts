import { parseArgs } from 'node:util';
import { SCOPES } from '@app/service';
import { BadOptionsError, messageOf } from '../lab.errors.js';
import { signToken } from './sign-token.js';

const HOURS_MAX = 24 * 365;

const TOKEN_HELP = `npm run token -- --subject NAME [options]

Prints a bearer token, signed with the shared secret in AUTH_JWT_SECRET, for services that have the same one: a stand-in
for the identity provider that a bank has. With AUTH_ISSUER and AUTH_AUDIENCE it names those.

  --subject NAME    who the caller is
  --scope SCOPES    with spaces between; default: all but bank:admin
  --hours N         how long it is valid, 1 to ${HOURS_MAX} (default: 1)
  --help            this text`;

/**
 * `npm run token`: makes a token for a caller.
 * @returns the exit code
 * @throws BadOptionsError that names everything that is wrong
 */
export async function token(commandLine: readonly string[]): Promise<number> {
  const { help, ...request } = parseOptions(commandLine);
  console.log(help ? TOKEN_HELP : await sign(request, process.env));
  return 0;
}

interface TokenRequest {
  readonly subject?: string | undefined;
  readonly scope: string;
  readonly hours: string;
}

function sign(
  { subject, scope, hours }: TokenRequest,
  { AUTH_JWT_SECRET, AUTH_ISSUER, AUTH_AUDIENCE }: NodeJS.ProcessEnv,
): Promise<string> {
  const lifetime = Number(hours);
  const unknown = scope.split(' ').filter((name) => !(SCOPES as readonly string[]).includes(name));
  refuse([
    ...(AUTH_JWT_SECRET ? [] : ['AUTH_JWT_SECRET is not set']),
    ...(subject ? [] : ['--subject is missing']),
    ...unknown.map((name) => `--scope: expected some of ${SCOPES.join(' ')}; got ${name || 'nothing'}`),
    ...(/^\d+$/.test(hours) && lifetime >= 1 && lifetime <= HOURS_MAX
      ? []
      : [`--hours needs a whole number from 1 to ${HOURS_MAX}; got ${hours}`]),
  ]);
  const claims = { subject: subject ?? '', scope, hours: lifetime };
  return signToken({ ...claims, issuer: AUTH_ISSUER, audience: AUTH_AUDIENCE }, AUTH_JWT_SECRET ?? '');
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new BadOptionsError(`${problems.join('\n')}\n\n${TOKEN_HELP}`);
}

function parseOptions(commandLine: readonly string[]) {
  try {
    const options = {
      subject: { type: 'string' },
      scope: { type: 'string', default: SCOPES.filter((scope) => scope !== 'bank:admin').join(' ') },
      hours: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    } as const;
    return parseArgs({ args: [...commandLine], options }).values;
  } catch (cause) {
    throw new BadOptionsError(`${messageOf(cause)}\n\n${TOKEN_HELP}`, { cause });
  }
}
