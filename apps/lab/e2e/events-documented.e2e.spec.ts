import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { CloudEvent } from '@app/nats';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { readChannel } from '../src/audit/witness.js';
import { settle } from '../src/demo/settle.js';
import { Caller, type Answered } from '../src/load/caller.js';
import { complaintsOf } from '../src/load/complaints.js';
import { readFacts } from '../src/load/database-facts.js';
import { Closers } from '../src/parts/closers.js';
import { repositoryRoot } from '../src/parts/repository.js';
import { closeClient, openClient } from '../src/parts/streaming-client.js';
import { startStreamingServer } from '../src/parts/streaming-server.part.js';
import { openStage, type Stage } from './stage.js';

jest.setTimeout(60_000);
const WITHIN_MS = 20_000;
const API = join(repositoryRoot, 'docs', 'api');
const AMOUNT_MINOR = '1250';
const CURRENCY = 'EUR';

type ObjectSchema = {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
};

/** A documented schema: of an event's data, or of a whole event. */
interface Documented extends ObjectSchema {
  readonly validate: ValidateFunction;
}

/** A transfer as version 1.0 knew it. */
interface OldTransfer {
  readonly transferId: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly instant: string;
}

/** The least that an event of an old version may say, and what must become of its transfer. */
interface OldEvent {
  readonly source: string;
  readonly data: (transfer: OldTransfer) => Readonly<Record<string, string>>;
  readonly leadsTo: object;
}

const OLD_EVENTS: Readonly<Record<string, OldEvent>> = {
  'transfer.requested-1.0': {
    source: '/transactions',
    data: ({ instant, ...accounts }) => ({
      ...accounts,
      amountMinor: AMOUNT_MINOR,
      currency: CURRENCY,
      requestedAt: instant,
    }),
    leadsTo: { status: 'posted' },
  },
  'transfer.posted-1.0': {
    source: '/accounts',
    data: ({ transferId, debitAccountId, instant }) => ({ transferId, debitAccountId, postedAt: instant }),
    leadsTo: { status: 'posted' },
  },
  'transfer.rejected-1.0': {
    source: '/accounts',
    data: ({ transferId, debitAccountId, instant }) => ({
      transferId,
      debitAccountId,
      reason: 'currency_mismatch',
      rejectedAt: instant,
    }),
    leadsTo: { status: 'rejected', rejectionReason: 'currency_mismatch' },
  },
};

const open = new Closers();
const client = Caller.nobody();
const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);
const dataSchemas = new Map<string, Documented>();
const eventSchemas = new Map<string, Documented>();
let stage: Stage;
let complaints: readonly (readonly string[])[];

beforeAll(async () => {
  await readDocuments();
  const broker = await startStreamingServer();
  open.add(() => broker.stop());
  stage = await openStage(broker);
  open.add(() => stage.close());
  complaints = [stage.bank.transactions, stage.bank.accounts].map(complaintsOf);
});

afterAll(() => open.close());

describe('the events that pass in an end-to-end run', () => {
  const passed = new Map<string, readonly CloudEvent[]>();

  beforeAll(async () => {
    await orderEveryKind();
    expect(await settle(stage.ground)).toMatchObject({ consistent: true });
    for (const type of eventSchemas.keys()) {
      const messages = await readChannel(stage.ground.broker, type, WITHIN_MS);
      passed.set(
        type,
        [...messages.values()].map((text) => JSON.parse(text) as CloudEvent),
      );
    }
  });

  it('are of every documented type, and of the version that is documented', () => {
    const versions = [...passed].map(([type, events]) => [type, [...new Set(events.map(versionOf))]]);
    const latest = [...dataSchemas.keys()].filter((name) => !Object.hasOwn(OLD_EVENTS, name));
    expect(versions.map(([type, all]) => `${String(type)}-${String(all)}`).toSorted()).toEqual(
      latest.toSorted(),
    );
  });

  it.each(['transfer.requested', 'transfer.posted', 'transfer.rejected'])(
    'are as the documents say, and say nothing else: %s',
    (type) => {
      const events = passed.get(type) ?? [];
      expect(events.length).toBeGreaterThan(0);
      const flaws = events.flatMap((event) => [
        ...flawsOf(event, eventSchemas.get(type)),
        ...flawsOf(event.data, dataSchemas.get(`${type}-${versionOf(event)}`)),
      ]);
      expect(flaws).toEqual([]);
    },
  );

  it('are about every kind of transfer', () => {
    const kinds = passed.get('transfer.requested')?.map(({ data }) => (data as { kind: string }).kind);
    expect([...new Set(kinds)].toSorted()).toEqual(['deposit', 'reversal', 'transfer', 'withdrawal']);
  });
});

describe('an event of an old version', () => {
  it('is tried here for each old schema that is kept', async () => {
    const document = z.object({
      components: z.object({ messages: z.record(z.string(), z.object({ title: z.string() })) }),
    });
    const { components } = document.parse(await read('bank.asyncapi.json'));
    const current = Object.values(components.messages).map(({ title }) => title.replace(' ', '-'));
    const old = [...dataSchemas.keys()].filter((name) => !current.includes(name));
    expect(Object.keys(OLD_EVENTS).toSorted()).toEqual(old.toSorted());
  });

  it.each(Object.entries(OLD_EVENTS))(
    '%s is handled as it was, with the least that it may say',
    async (name, old) => {
      const transfer = await recordPending();
      const data = old.data(transfer);
      expect(flawsOf(data, dataSchemas.get(name))).toEqual([]);
      expect(Object.keys(data).toSorted()).toEqual([...(dataSchemas.get(name)?.required ?? [])].toSorted());
      await publish(name, old, data, transfer);
      expect(await endOf(transfer.transferId)).toMatchObject(old.leadsTo);
    },
  );

  it('moves the money that it asks for', async () => {
    const [debit, credit] = [stage.accountIds[2] ?? '', stage.accountIds[3] ?? ''];
    const before = [await balanceOf(debit), await balanceOf(credit)] as const;
    const transfer = await recordPending(debit, credit);
    const old = OLD_EVENTS['transfer.requested-1.0'];
    if (old === undefined) throw new Error('there is none');
    await publish('transfer.requested-1.0', old, old.data(transfer), transfer);
    expect(await endOf(transfer.transferId)).toMatchObject({ status: 'posted' });
    const amount = BigInt(AMOUNT_MINOR);
    expect([await balanceOf(debit), await balanceOf(credit)]).toEqual([
      before[0] - amount,
      before[1] + amount,
    ]);
  });

  it('leaves no dead letter, no warning and no error', async () => {
    const { transactions, accounts } = stage.ground.databases;
    for (const url of [transactions, accounts]) {
      expect(await readFacts(url)).toMatchObject({ deadLetters: 0, parked: 0 });
    }
    expect(complaints.flat()).toEqual([]);
  });
});

async function read(path: string): Promise<unknown> {
  return JSON.parse(await readFile(join(API, path), 'utf8'));
}

/** The schemas of the data by their files' names, and those of whole events by their channels. */
async function readDocuments(): Promise<void> {
  for (const file of await readdir(join(API, 'events'))) {
    dataSchemas.set(file.replace(/\.json$/, ''), documented((await read(`events/${file}`)) as ObjectSchema));
  }
  const document = (await read('bank.asyncapi.json')) as {
    components: { messages: Record<string, { name: string; payload: ObjectSchema }> };
  };
  for (const { name, payload } of Object.values(document.components.messages)) {
    eventSchemas.set(name, documented(payload));
  }
}

function documented(schema: ObjectSchema): Documented {
  return { ...schema, validate: ajv.compile(schema) };
}

/** What is not as the schema says; and what a schema lets pass, because a newer event may say more: the unheard-of. */
function flawsOf(value: unknown, schema: Documented | undefined): string[] {
  if (schema === undefined) return ['there is no schema for it'];
  schema.validate(value);
  const wrong = (schema.validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  );
  const unheardOf = Object.keys(value as object).filter((name) => !Object.hasOwn(schema.properties, name));
  return [...wrong, ...unheardOf.map((name) => `${name} is not documented`)];
}

function versionOf({ dataschema }: CloudEvent): string {
  return dataschema.split(':').at(-1) ?? '';
}

/** A transfer that is posted, its reversal, one that nobody can pay, a deposit and a withdrawal. */
async function orderEveryKind(): Promise<void> {
  const [debitAccountId, creditAccountId] = stage.accountIds;
  const amount = { amountMinor: AMOUNT_MINOR, currency: CURRENCY };
  const transfer = { debitAccountId, creditAccountId, ...amount };
  const posted = await order('/v1/transfers', transfer);
  expect(await endOf(posted)).toMatchObject({ status: 'posted' });
  await order(`/v1/transfers/${posted}/reversal`);
  await order('/v1/transfers', { ...transfer, amountMinor: '999999999999999' });
  await order('/v1/deposits', { accountId: debitAccountId, ...amount });
  await order('/v1/withdrawals', { accountId: creditAccountId, ...amount });
}

async function order(path: string, body?: object): Promise<string> {
  const answer = await client.send({ method: 'POST', url: `${stage.bank.transactions.url}${path}`, body });
  expect(answer.status).toBe(202);
  return z.looseObject({ id: z.string() }).parse(bodyOf(answer)).id;
}

/** A transfer that is recorded, and whose event nobody has sent. */
async function recordPending(
  debitAccountId = stage.accountIds[0] ?? '',
  creditAccountId = stage.accountIds[1] ?? '',
): Promise<OldTransfer> {
  const transfer = {
    transferId: uuidv7(),
    debitAccountId,
    creditAccountId,
    instant: new Date().toISOString(),
  };
  const database = new Client({ connectionString: stage.ground.databases.transactions });
  await database.connect();
  try {
    await database.query(
      `insert into transfer (id, debit_account_id, credit_account_id, requested_at, amount_minor, currency)
       values ($1, $2, $3, $4, $5, $6)`,
      [...Object.values(transfer), AMOUNT_MINOR, CURRENCY],
    );
  } finally {
    await database.end();
  }
  return transfer;
}

async function publish(name: string, old: OldEvent, data: object, transfer: OldTransfer): Promise<void> {
  const [type = '', version = ''] = name.split('-');
  const event: CloudEvent = {
    specversion: '1.0',
    id: uuidv7(),
    source: old.source,
    type,
    subject: transfer.transferId,
    time: transfer.instant,
    datacontenttype: 'application/json',
    dataschema: `urn:bank:event:${type}:${version}`,
    partitionkey: transfer.debitAccountId,
    data,
  };
  const broker = await openClient(stage.ground.broker, `publisher-${randomUUID()}`, WITHIN_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      broker.publish(type, JSON.stringify(event), (error) =>
        error === undefined ? resolve() : reject(error),
      );
    });
  } finally {
    await closeClient(broker);
  }
}

/** Waits for the outcome of a transfer. */
async function endOf(id: string): Promise<unknown> {
  const url = `${stage.bank.transactions.url}/v1/transfers/${id}`;
  return bodyOf(await client.send({ method: 'GET', url, prefer: 'wait=20' }));
}

async function balanceOf(accountId: string): Promise<bigint> {
  const url = `${stage.bank.accounts.url}/v1/accounts/${accountId}`;
  const account = bodyOf(await client.send({ method: 'GET', url }));
  return BigInt(z.looseObject({ balanceMinor: z.string() }).parse(account).balanceMinor);
}

function bodyOf({ text }: Answered): unknown {
  return JSON.parse(text);
}
