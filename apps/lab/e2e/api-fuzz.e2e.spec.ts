import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import { AnswerJudge } from '../src/fuzz/answer-judge.js';
import { fetchDocument, type ApiDocument, type ApiOperation } from '../src/fuzz/api-document.js';
import { describeRequest } from '../src/fuzz/fuzz-request.js';
import { fuzzBank, type FuzzReport } from '../src/fuzz/fuzz-bank.js';
import { askGuards, GUARDED_RATE_LIMIT } from '../src/fuzz/guarded-requests.js';
import { startKeySet, type KeySet } from '../src/fuzz/key-set.js';
import { prepareBank } from '../src/fuzz/prepare-bank.js';
import { Provocations } from '../src/fuzz/provocations.js';
import { newEffects, readEffects, type Effects } from '../src/fuzz/recorded-effects.js';
import { RawClient } from '../src/fuzz/send-request.js';
import { Bank, type ServiceName } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import { until } from '../src/parts/deadline.js';
import { execute } from '../src/parts/sql.js';
import type { Prepared } from '../src/fuzz/known-things.js';
import { openStage } from './stage.js';

/** `TEST_SEED` repeats the requests of a run that failed; `TEST_API_FUZZ_REQUESTS` makes a longer one. */
const SEED = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
const REQUESTS = Number(process.env['TEST_API_FUZZ_REQUESTS'] ?? 2_000);
const REQUESTS_PER_SECOND_MIN = 40;
const SUCCESS_PERCENT_MIN = 30;
const WITHIN_MS = 20_000;
jest.setTimeout(60_000 + (REQUESTS / REQUESTS_PER_SECOND_MIN) * 1_000);

/** The statuses that are documented and cannot be had here, each with the reason. */
const UNSEEN: Readonly<Record<string, string>> = {
  'transactions reverseTransfer 422': 'its body is empty: no key of it stands for two requests',
};

const TEST_POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? '';

type Clients = Readonly<Record<ServiceName, RawClient>>;

describe(`bad input, made from the OpenAPI documents (TEST_SEED=${SEED})`, () => {
  const closers = new Closers();
  let broker: StreamingServer;
  let documents: readonly ApiDocument[];
  let operations: readonly ApiOperation[];
  let clients: Clients;
  let prepared: Prepared;
  let report: FuzzReport;
  let stored: Effects;
  let judge: AnswerJudge;
  let transactionsDatabase: string;

  beforeAll(async () => {
    process.stderr.write(`API requests: ${REQUESTS}, TEST_SEED=${SEED}\n`);
    broker = await StreamingServer.start({ clusterId: 'bank' });
    closers.add(() => broker.stop());
    const stage = await openStage(broker, { environment: { RATE_LIMIT_PER_MINUTE: '0' } });
    closers.add(() => stage.close());
    transactionsDatabase = stage.ground.databases.transactions;
    clients = clientsOf(stage.bank);
    documents = await Promise.all([
      fetchDocument('transactions', stage.bank.transactions.url ?? ''),
      fetchDocument('accounts', stage.bank.accounts.url ?? ''),
    ]);
    operations = documents.flatMap((document) => document.operations);
    judge = new AnswerJudge(documents);
    prepared = await prepareBank(clients, Math.ceil(REQUESTS / operations.length) + 10);
    const before = await readEffects(stage.ground.databases);
    report = await fuzzBank({ documents, clients, prepared, requests: REQUESTS, seed: SEED });
    stored = newEffects(before, await readEffects(stage.ground.databases));
    if (REQUESTS > 2_000) process.stderr.write(`${report.sightings.toString()}\n`);
  });

  afterAll(() => closers.close());

  it('is never answered as the document does not allow, and never meets a fault', () => {
    expect(report.wrong).toEqual([]);
  });

  it('leaves nothing stored but what was answered as recorded', () => {
    expect(report.told.transfers.length).toBeGreaterThan(0);
    expect(stored).toEqual(report.told);
  });

  it('is mixed with enough that is valid: of each operation 30 in 100 are answered 2xx', () => {
    const percents = report.sightings.successPercents();
    expect(Object.keys(percents)).toHaveLength(operations.length);
    const few = Object.entries(percents).filter(([, percent]) => percent < SUCCESS_PERCENT_MIN);
    expect(few).toEqual([]);
  });

  it('what chance rarely meets is answered as documented when it is provoked', async () => {
    const provocations = new Provocations({ prepared, clients, seed: SEED, transactionsDatabase });
    const wrong: string[] = [];
    for (const operation of operations) {
      for (const status of [...operation.answers.keys()].filter((documented) => documented < 500)) {
        const provoked = await provocations.provoke(operation, status);
        if (!provoked) continue;
        const name = `${operation.service} ${operation.id}`;
        const { request, answer } = provoked;
        report.sightings.note(operation, answer.status);
        const another = answer.status === status || `${name} ${status}` in UNSEEN ? undefined : answer.text;
        const complaint = judge.complaint(operation, answer) ?? another;
        if (complaint !== undefined) wrong.push(`${status}: ${describeRequest(request)}\n  ${complaint}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('guards and a lost database are answered as documented', async () => {
    const keySet = await startKeySet();
    closers.add(() => keySet.close());
    const { bank, loseDatabases } = await openGuarded(keySet);
    const guarded = clientsOf(bank);
    for (const { operation, expected, answer } of await askGuards(guarded, operations, keySet)) {
      // A fault that any operation may have is documented once for all of them.
      const byDefault = expected === 503 && !operation.answers.has(expected);
      if (!byDefault) expect(judge.disagreement(operation, answer)).toBeUndefined();
      expect({ operation: operation.id, status: answer.status }).toEqual({
        operation: operation.id,
        status: expected,
      });
      report.sightings.note(operation, answer.status);
    }
    await loseDatabases();
    for (const operation of operations.filter(({ guarded, answers }) => !guarded && answers.has(503))) {
      const answer = await until(`${operation.id} without a database`, WITHIN_MS, async () => {
        const found = await guarded[operation.service].send({ method: 'GET', target: operation.path });
        return found.status === 503 ? found : undefined;
      });
      expect(judge.disagreement(operation, answer)).toBeUndefined();
      report.sightings.note(operation, answer.status);
    }
  });

  it('every documented status of every operation was seen, but for those that cannot be', () => {
    expect(report.sightings.unseen(operations)).toEqual(Object.keys(UNSEEN));
  });

  /** Both services on databases that can be lost; callers are asked who they are. */
  async function openGuarded(keySet: KeySet) {
    const runName = `guarded_${randomBytes(4).toString('hex')}`;
    const names = { transactions: `${runName}_transactions`, accounts: `${runName}_accounts` };
    const loseDatabases = async () => {
      for (const name of Object.values(names)) {
        await execute(TEST_POSTGRES_URL, `drop database if exists ${name} with (force)`);
      }
    };
    closers.add(loseDatabases);
    for (const name of Object.values(names)) await execute(TEST_POSTGRES_URL, `create database ${name}`);
    const urlOf = (name: string) => Object.assign(new URL(TEST_POSTGRES_URL), { pathname: `/${name}` }).href;
    const databases = { transactions: urlOf(names.transactions), accounts: urlOf(names.accounts) };
    const close = () => Promise.resolve();
    const ground = { runName, databases, broker, channelPrefix: 'guarded.', close };
    const environment = { AUTH_JWKS_URL: keySet.url, RATE_LIMIT_PER_MINUTE: String(GUARDED_RATE_LIMIT) };
    const bank = new Bank({ ground, delivery: 'outbox', environment });
    closers.add(() => bank.stop());
    await bank.start();
    return { bank, loseDatabases };
  }

  function clientsOf({ transactions, accounts }: Bank): Clients {
    const made = {
      transactions: new RawClient(transactions.url ?? ''),
      accounts: new RawClient(accounts.url ?? ''),
    };
    for (const client of Object.values(made)) closers.add(() => Promise.resolve(client.close()));
    return made;
  }
});
