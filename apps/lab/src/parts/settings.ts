import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { BadSettingsError, messageOf } from '../lab.errors.js';
import { closeClient, openClient, type BrokerAddress } from './streaming-client.js';

/** The parts that the user gave by their addresses; what is missing here the lab starts itself. */
export interface GivenParts {
  readonly transactions?: string;
  readonly accounts?: string;
  readonly broker?: BrokerAddress;
}

/** Long enough for a server across an ocean. */
const TRY_OUT_MS_MAX = 5_000;

/**
 * Reads TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL and NATS_CLUSTER_ID, and tries each one out.
 * @throws BadSettingsError that names every one that cannot be used, and why
 */
export async function readGivenParts(environment: NodeJS.ProcessEnv): Promise<GivenParts> {
  const { TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL, NATS_CLUSTER_ID } = environment;
  const problems = await Promise.all([
    complaint('TRANSACTIONS_DATABASE_URL', TRANSACTIONS_DATABASE_URL, tryDatabase),
    complaint('ACCOUNTS_DATABASE_URL', ACCOUNTS_DATABASE_URL, tryDatabase),
    complaint('NATS_URL', NATS_URL, (url) => tryBroker(url, NATS_CLUSTER_ID)),
  ]);
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new BadSettingsError(`Unusable settings:\n${found.join('\n')}`);
  return {
    ...(TRANSACTIONS_DATABASE_URL ? { transactions: TRANSACTIONS_DATABASE_URL } : {}),
    ...(ACCOUNTS_DATABASE_URL ? { accounts: ACCOUNTS_DATABASE_URL } : {}),
    ...(NATS_URL && NATS_CLUSTER_ID ? { broker: { url: NATS_URL, clusterId: NATS_CLUSTER_ID } } : {}),
  };
}

async function complaint(
  name: string,
  value: string | undefined,
  tryOut: (value: string) => Promise<void>,
): Promise<string | undefined> {
  if (!value) return undefined;
  try {
    await tryOut(value);
    return undefined;
  } catch (error) {
    return `- ${name}: ${messageOf(error) || String(error)}`;
  }
}

async function tryDatabase(url: string): Promise<void> {
  requireScheme(url, ['postgres:', 'postgresql:']);
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TRY_OUT_MS_MAX });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}

async function tryBroker(url: string, clusterId: string | undefined): Promise<void> {
  // Not `tls:`: the cable stands between the client and the server, whose certificate would not fit its address.
  requireScheme(url, ['nats:']);
  if (!clusterId) throw new Error('NATS_CLUSTER_ID, the cluster id of this server, is not set');
  const client = await openClient({ url, clusterId }, `lab-${randomUUID()}`, TRY_OUT_MS_MAX);
  await closeClient(client);
}

function requireScheme(url: string, schemes: readonly string[]): void {
  if (URL.canParse(url) && schemes.includes(new URL(url).protocol)) return;
  throw new Error(`expected a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
}
