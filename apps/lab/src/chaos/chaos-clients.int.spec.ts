import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../parts/deadline.js';
import { ChaosClients } from './chaos-clients.js';
import { History } from './history.js';

const WITHIN_MS = 10_000;
type Respond = (request: IncomingMessage, response: ServerResponse, key: string) => void;

describe('the clients of a chaos run', () => {
  let server: Server;
  let respond: Respond;
  let directory: string;
  let history: History;
  let clients: ChaosClients;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    server = createServer((request, response) => {
      const key = String(request.headers['idempotency-key'] ?? request.url);
      asked.push(key);
      request.resume().on('end', () => respond(request, response, key));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    directory = await mkdtemp(join(tmpdir(), 'chaos-clients-'));
    history = new History(join(directory, 'history.jsonl'));
    clients = new ChaosClients({
      ...{ seed: 1, accountIds: ['ada', 'ben'], currency: 'EUR', ratePerSecond: 200, history },
      urls: { 'transactions-a': url, 'transactions-b': url },
    });
  });

  afterEach(async () => {
    await clients.stop(0);
    await history.close();
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  /** Lets one client order until something is so. */
  async function orderUntil(what: string, isSo: () => boolean): Promise<void> {
    clients.start(1);
    await until(what, WITHIN_MS, () => (isSo() ? true : undefined));
  }

  const answer = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  it('remember what they were told: accepted and as which transfer, refused, and what it came to', async () => {
    respond = (request, response, key) => {
      if (request.method === 'GET') return answer(response, 200, { status: 'posted' });
      if (key.startsWith('refused-')) return answer(response, 422, { type: 'transfer-order-invalid' });
      return answer(response, 202, { id: `transfer of ${key}` });
    };
    const outcomes = () => new Set([...clients.told.values()].map(({ outcome }) => outcome));
    const isShown = () => [...clients.told.values()].some(({ shown }) => shown === 'posted');
    await orderUntil('an order that is refused, and one shown', () => outcomes().has('refused') && isShown());
    await clients.stop(0);
    for (const [key, { outcome, transferId }] of clients.told) {
      expect(outcome).toBe(key.startsWith('refused-') ? 'refused' : 'accepted');
      expect(transferId).toBe(outcome === 'accepted' ? `transfer of ${key}` : undefined);
    }
    expect(clients.surprises).toEqual([]);
  });

  it.each<[string, Respond]>([
    ['no answer', (request) => request.socket.destroy()],
    [
      'half of an answer',
      (_request, response) => void response.writeHead(202).write('{"id":', () => response.destroy()),
    ],
    ['an answer of 503', (_request, response) => answer(response, 503, { type: 'publish-unconfirmed' })],
    ['an answer of 409: the key is in progress', (_request, response) => answer(response, 409, {})],
  ])(
    'do not know after %s; some repeat the order under its key until they do, some never',
    async (_case, fail) => {
      const failed = new Set<string>();
      respond = (request, response, key) => {
        if (request.method === 'GET') return answer(response, 200, { status: 'pending' });
        if (failed.has(key)) return answer(response, 202, { id: 'recorded' });
        failed.add(key);
        return fail(request, response, key);
      };
      const keys = (wanted: string) =>
        [...clients.told].filter(([, { outcome }]) => outcome === wanted).map(([key]) => key);
      await orderUntil('either', () => keys('accepted').length > 0 && keys('unknown').length > 1);
      await clients.stop(0);
      const timesAsked = (key: string) => asked.filter((other) => other === key).length;
      for (const key of keys('accepted')) expect(timesAsked(key)).toBe(2);
      for (const key of keys('unknown')) expect(timesAsked(key)).toBe(1);
    },
  );

  it('are surprised by a refusal of what must be accepted', async () => {
    respond = (_request, response) => answer(response, 404, { type: 'not-found' });
    await orderUntil('a surprise', () => clients.surprises.length > 0);
    expect(clients.surprises[0]).toMatch(/^order chaos-1-\d+ was answered 404 {"type":"not-found"}$/);
  });

  it('keep to the rate that they were given', async () => {
    respond = (_request, response) => answer(response, 202, { id: 'recorded' });
    const startedAt = performance.now();
    await orderUntil('a hundred orders', () => clients.told.size >= 100);
    expect(performance.now() - startedAt).toBeGreaterThan(450);
  });

  it('write down what they ask and what they are told', async () => {
    respond = (_request, response) => answer(response, 202, { id: 't1' });
    await orderUntil('an order', () => clients.told.size > 0);
    await clients.stop(WITHIN_MS);
    await history.close();
    const lines = (await readFile(join(directory, 'history.jsonl'), 'utf8')).trimEnd().split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({
      atMs: expect.any(Number),
      what: 'asked',
      key: expect.any(String),
      attempt: 1,
    });
    expect(second).toMatchObject({ what: 'told', status: 202, outcome: 'accepted', transferId: 't1' });
  });
});
