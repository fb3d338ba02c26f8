import { SCOPES } from '@app/service';
import { notWhole, parseCommandLine, refuseFor } from '../parts/command-line.js';
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
  const { help, ...request } = parseCommandLine(commandLine, OPTIONS, TOKEN_HELP);
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
  const unknown = scope.split(' ').filter((name) => !(SCOPES as readonly string[]).includes(name));
  const problems = [
    ...(AUTH_JWT_SECRET ? [] : ['AUTH_JWT_SECRET is not set']),
    ...(subject ? [] : ['--subject is missing']),
    ...unknown.map((name) => `--scope: expected some of ${SCOPES.join(' ')}; got ${name || 'nothing'}`),
    ...notWhole('--hours', hours, { least: 1, most: HOURS_MAX }),
  ];
  refuseFor(problems, TOKEN_HELP);
  const claims = { subject: subject ?? '', scope, hours: Number(hours) };
  return signToken({ ...claims, issuer: AUTH_ISSUER, audience: AUTH_AUDIENCE }, AUTH_JWT_SECRET ?? '');
}

const OPTIONS = {
  subject: { type: 'string' },
  scope: { type: 'string', default: SCOPES.filter((scope) => scope !== 'bank:admin').join(' ') },
  hours: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;
