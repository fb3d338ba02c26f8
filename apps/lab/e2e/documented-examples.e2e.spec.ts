import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { AnswerJudge } from '../src/fuzz/answer-judge.js';
import { fetchDocument, type ApiDocument, type ApiOperation } from '../src/fuzz/api-document.js';
import { prepareBank } from '../src/fuzz/prepare-bank.js';
import type { Prepared } from '../src/fuzz/known-things.js';
import { RawClient } from '../src/fuzz/send-request.js';
import type { ServiceName } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import { openStage } from './stage.js';

jest.setTimeout(90_000);

describe('the examples in the OpenAPI documents', () => {
  const closers = new Closers();
  let clients: Readonly<Record<ServiceName, RawClient>>;
  let prepared: Prepared;
  let operations: readonly ApiOperation[];
  let judge: AnswerJudge;

  beforeAll(async () => {
    const broker = await StreamingServer.start({ clusterId: 'bank' });
    closers.add(() => broker.stop());
    const { bank, close } = await openStage(broker);
    closers.add(close);
    const [transactionsUrl, accountsUrl] = [bank.transactions.url ?? '', bank.accounts.url ?? ''];
    clients = { transactions: new RawClient(transactionsUrl), accounts: new RawClient(accountsUrl) };
    for (const client of Object.values(clients)) closers.add(() => Promise.resolve(client.close()));
    const documents: readonly ApiDocument[] = await Promise.all([
      fetchDocument('transactions', transactionsUrl),
      fetchDocument('accounts', accountsUrl),
    ]);
    operations = documents.flatMap((document) => document.operations);
    judge = new AnswerJudge(documents);
    prepared = await prepareBank(clients, 1);
  });

  afterAll(() => closers.close());

  /** Sends what the document shows; only ids in an address, and keys, are filled in. */
  async function send(
    { service, method, path }: ApiOperation,
    headers: Record<string, string>,
    body?: unknown,
  ) {
    const id = service === 'accounts' ? prepared.frozen : prepared.posted[0];
    return clients[service].send({
      method,
      target: path.replace('{id}', id ?? ''),
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
  }

  it('every operation that needs a body has one', () => {
    const without = operations.filter(
      ({ body, examples }) => body?.required === true && examples.length === 0,
    );
    expect(without.map(({ id }) => id)).toEqual([]);
  });

  it('every body, sent as it stands, is answered with the status that it names', async () => {
    const examples = operations.flatMap((operation) =>
      operation.examples.map((example) => ({ operation, example })),
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const { operation, example } of examples) {
      const answer = await send(operation, { 'Idempotency-Key': randomUUID() }, example.value);
      const name = `${operation.id} ${example.name}`;
      expect({ name, status: answer.status }).toEqual({ name, status: example.status });
      expect({ name, complaint: judge.complaint(operation, answer) }).toEqual({ name, complaint: undefined });
    }
  });

  it('every header field, sent as it stands, is answered as documented', async () => {
    const fields = operations.flatMap((operation) =>
      operation.parameters
        .filter((parameter) => parameter.in === 'header')
        .map(({ name, example }) => ({ operation, name, example: example ?? '' })),
    );
    expect(fields.filter(({ example }) => example === '')).toEqual([]);
    for (const { operation, name, example } of fields) {
      const answer = await send(operation, { [name]: example }, operation.examples[0]?.value);
      const about = `${operation.id} ${name}`;
      expect({ about, complaint: judge.complaint(operation, answer) }).toEqual({
        about,
        complaint: undefined,
      });
    }
  });
});
