import { randomUUID } from 'node:crypto';
import type { ServiceName } from '../parts/bank.js';
import type { ApiOperation } from './api-document.js';
import type { KeySet } from './key-set.js';
import type { Answer, RawClient } from './send-request.js';

/** The setting that the guarded services are started with: more than all operations are asked before 429 is wanted. */
export const GUARDED_RATE_LIMIT = 60;

/** What a guarded operation was answered, and what was to be expected. */
export interface GuardedAnswer {
  readonly operation: ApiOperation;
  readonly expected: number;
  readonly answer: Answer;
}

/** What stands before every operation: keys that cannot be had, no token, no scope, too many requests; in this order. */
export async function askGuards(
  clients: Readonly<Record<ServiceName, RawClient>>,
  operations: readonly ApiOperation[],
  keySet: KeySet,
): Promise<readonly GuardedAnswer[]> {
  const guarded = operations.filter((operation) => operation.guarded);
  const askAll = async (expected: number, token?: string) => {
    const ask = async (operation: ApiOperation): Promise<GuardedAnswer> => {
      const answer = await clients[operation.service].send(plainRequest(operation, token));
      return { operation, expected, answer };
    };
    return Promise.all(guarded.map(ask));
  };
  const withoutKeys = await askAll(503, await keySet.token('nobody'));
  keySet.open();
  const unknown = await askAll(401);
  const scopeless = await askAll(403, await keySet.token('nobody'));
  const busy = await keySet.token('busy');
  for (const client of Object.values(clients)) {
    const requests = Array.from({ length: GUARDED_RATE_LIMIT }, () =>
      client.send({ method: 'GET', target: '/v1/reconciliation', headers: authorized(busy) }),
    );
    await Promise.all(requests);
  }
  return [...withoutKeys, ...unknown, ...scopeless, ...(await askAll(429, busy))];
}

function plainRequest({ method, path, body }: ApiOperation, token: string | undefined) {
  return {
    method,
    target: path.replace('{id}', randomUUID()),
    headers: { ...(token ? authorized(token) : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body && Buffer.from('{}'),
  };
}

function authorized(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
