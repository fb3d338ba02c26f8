import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { audit, isConsistent, type Audit } from '../src/audit/audit.js';
import { booksOf } from '../src/audit/books-of.js';
import type { Channels } from '../src/audit/books.js';
import { readChannels } from '../src/audit/channels.js';
import { glanceFaults, readGlance, whereaboutsOf } from '../src/audit/glance.js';
import { publishedOutOfOrder } from '../src/audit/order.js';
import { readBooks, readTraffic, type BankUrls } from '../src/audit/read-books.js';
import type { Told } from '../src/audit/told.js';
import { watch, type Sighting } from '../src/audit/watch.js';
import { Closers } from '../src/parts/closers.js';
import { until } from '../src/parts/deadline.js';
import { execute, readRows } from '../src/parts/sql.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { openStage, orders } from './stage.js';

const WITHIN_MS = 60_000;
const ORDERS = 24;
/** Amounts of orders are 1 to 24: one that nobody can pay is this. */
const TOO_MUCH = 10n ** 12n;
/** Of the first order, which is between the first two accounts. */
const FIRST_KEY = 'audit-0';
const TEST_POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? '';

jest.setTimeout(2 * WITHIN_MS);

describe('the auditor on real databases', () => {
  const open = new Closers();
  let broker: StreamingServerPart;
  let healthy: BankUrls;
  let channels: Channels;
  let accountIds: readonly string[];
  const sightings: Sighting[] = [];
  const blind: string[] = [];
  const told = new Map<string, Told>();

  beforeAll(async () => {
    broker = await startStreamingServer();
    open.add(() => broker.stop());
    const stage = await openStage(broker);
    open.add(() => stage.close());
    ({ accountIds } = stage);
    healthy = stage.ground.databases;
    const end = new AbortController();
    const watching = watch(healthy, {
      everyMs: 20,
      signal: end.signal,
      onSighting: (sighting) => sightings.push(sighting),
      onBlind: (reason) => blind.push(reason),
    });
    const plan = orders(ORDERS, 'audit').map((order, index) =>
      index === ORDERS - 1 ? { ...order, amountMinor: TOO_MUCH } : order,
    );
    await stage.client.send(plan, 4);
    for (const { key } of plan) {
      told.set(key, { outcome: 'accepted', transferId: stage.client.transferOf(key) ?? '' });
    }
    await until('everything to be settled', WITHIN_MS, async () => {
      const { waiting, outcomesWaiting } = await readTraffic(healthy);
      const { transfers } = await readGlance(healthy);
      const pending = [...transfers.values()].includes('pending');
      return waiting + outcomesWaiting === 0 && !pending ? true : undefined;
    });
    end.abort();
    await watching;
    await stage.bank.stop();
    channels = await readChannels(broker, stage.ground.channelPrefix, WITHIN_MS);
  });

  afterAll(() => open.close());

  /** Copies the healthy databases, does some damage, and reads them. */
  async function auditDamaged(damage: Damage): Promise<Audit> {
    const urls = await copyOf(healthy, open);
    for (const [side, statements] of Object.entries(damage)) {
      await unguarded(urls[side as keyof BankUrls], statements);
    }
    return audit(await readBooks(urls, () => Promise.resolve({ ...channels, undelivered: new Set() })), told);
  }

  it('finds nothing in health, asked without and with the broker, for all customers and for some', async () => {
    const books = await readBooks(healthy, () => Promise.resolve(channels));
    const found = audit(books, told);
    expect(found).toMatchObject({ recorded: ORDERS, posted: ORDERS - 1, rejected: 1 });
    expect({ ...found, reordered: [], convergedFromDoubt: [] }).toEqual(NOTHING_WRONG);
    expect(isConsistent(audit(await readBooks(healthy), told))).toBe(true);
    expect(publishedOutOfOrder(channels.events)).toEqual([]);

    const [one = '', other = ''] = accountIds;
    const some = audit(booksOf(books, [one, other]));
    expect(isConsistent(some)).toBe(true);
    expect(some.recorded).toBe((ORDERS / 4) * 3);
  });

  it('has watched it while it worked: every reading was without a fault, and transfers were seen on their way', () => {
    expect(blind).toEqual([]);
    expect(sightings.flatMap(({ faults }) => faults)).toEqual([]);
    const underWay = sightings.flatMap(({ glance }) => {
      const { inOutbox, onChannel, onWayBack } = whereaboutsOf(glance);
      return [...inOutbox, ...onChannel, ...onWayBack];
    });
    expect(underWay.length).toBeGreaterThan(0);
    expect(sightings.at(-1)?.glance.transfers.size).toBe(ORDERS);
  });

  it('lost: a transfer without posting and outbox row, as if its event had never left', async () => {
    const id = await idOf(FIRST_KEY);
    const found = await auditDamaged({
      accounts: [...withoutPosting(id), withoutInbox],
      transactions: [
        `update transfer set status = 'pending', settled_at = null where id = '${id}'`,
        `delete from outbox_message where envelope like '%${id}%'`,
      ],
    });
    expect(found.lost).toMatchObject([{ id, amountMinor: 1n, currency: 'EUR' }]);
    expect(found).toMatchObject({ posted: ORDERS - 2, stuck: [], moneyMissingMinor: { EUR: '1' } });
  });

  it('phantom: a posting whose transfer is not there', async () => {
    const id = await idOf(FIRST_KEY);
    const found = await auditDamaged({ transactions: [`delete from transfer where id = '${id}'`] });
    expect(found.phantom).toMatchObject([{ id, amountMinor: 1n, currency: 'EUR' }]);
    expect(found.recorded).toBe(ORDERS - 1);
    expect(found.disagreements).toContain(`order ${FIRST_KEY} was accepted, and is not recorded`);
  });

  it('duplicated: a second posting of a transfer, with the balances that go with it', async () => {
    const id = await idOf(FIRST_KEY);
    const found = await auditDamaged({ accounts: postedAgain(id) });
    expect(found.duplicated).toMatchObject([{ id, amountMinor: 1n, because: '2 postings, 4 entries' }]);
    expect(found).toMatchObject({ posted: ORDERS - 2, imbalances: [] });
  });

  it('reordered: two effects of one key whose times are exchanged', async () => {
    const [earlier, later] = [await idOf('audit-0'), await idOf('audit-4')];
    const found = await auditDamaged({
      accounts: [
        `update posting set posted_at = (select max(posted_at) from posting) + interval '1 s' where transfer_id = '${earlier}'`,
      ],
    });
    expect(found.reordered.map(({ id }) => id)).toContain(earlier);
    expect(found.reordered.map(({ id }) => id)).not.toContain(later);
    expect(isConsistent(found)).toBe(true);
  });

  it('stuck: a transfer that is posted and says pending', async () => {
    const id = await idOf(FIRST_KEY);
    const found = await auditDamaged({
      transactions: [`update transfer set status = 'pending', settled_at = null where id = '${id}'`],
    });
    expect(found.stuck).toMatchObject([{ id, amountMinor: 1n, currency: 'EUR', status: 'pending' }]);
  });

  it('in doubt, then converged: an event that was published twice, and has one effect', async () => {
    const id = await idOf(FIRST_KEY);
    const found = await auditDamaged({
      transactions: [`update outbox_message set attempts = 2 where envelope like '%${id}%'`],
    });
    expect([...found.convergedFromDoubt, ...found.reordered].map((finding) => finding.id)).toContain(id);
    expect(isConsistent(found)).toBe(true);
  });

  it.each<[string, (id: string) => Damage, RegExp]>([
    [
      'outbox of transactions',
      (id) => ({
        transactions: [
          `update outbox_message set envelope = replace(envelope, '"amountMinor":"1"', '"amountMinor":"2"') where envelope like '%${id}%'`,
        ],
      }),
      /asks for something else than transfer/,
    ],
    [
      'outbox of accounts',
      (id) => ({
        accounts: [
          `update outbox_message set envelope = replace(envelope, 'transfer.posted', 'transfer.rejected') where envelope like '%${id}%'`,
        ],
      }),
      /tells transfer\.rejected of transfer .+, which is not so/,
    ],
    [
      'inbox of accounts',
      () => ({ accounts: [withoutInbox] }),
      /the inbox of accounts has no event of transfer/,
    ],
    [
      'inbox of transactions',
      () => ({ transactions: [withoutInbox] }),
      /the inbox of transactions has no event of transfer/,
    ],
    [
      'dead letters',
      (id) => ({
        accounts: [
          `insert into inbox_dead_letter (channel, sequence, digest, payload, reason, deliveries, error)
           values ('transfer.requested', 1, '\\x00', '${payloadOf(id)}', 'failed', 5, 'planted')`,
        ],
      }),
      /a dead letter of accounts is about transfer .+, which has ended there/,
    ],
    [
      'idempotency records',
      (id) => ({ transactions: [`delete from idempotency_record where body like '%${id}%'`] }),
      /recorded under 0 keys/,
    ],
    [
      'balances',
      () => ({
        accounts: [`update account set balance_minor = balance_minor + 1 where id = '${accountIds[0]}'`],
      }),
      /the balance of account .+ is not the sum of its entries/,
    ],
  ])('%s that say something else than the rows are a fault', async (_what, damage, sentence) => {
    const found = await auditDamaged(damage(await idOf(FIRST_KEY)));
    expect([...found.disagreements, ...found.imbalances].join('\n')).toMatch(sentence);
    expect(isConsistent(found)).toBe(false);
  });

  it('a glance sees money from nowhere, a posting without its transfer, and a transfer that is nowhere', async () => {
    const urls = await copyOf(healthy, open);
    const [first, second] = [await idOf('audit-0'), await idOf('audit-1')];
    await unguarded(urls.accounts, [
      `update account set balance_minor = balance_minor + 1 where id = '${accountIds[0]}'`,
      `delete from settlement where transfer_id = '${second}'`,
    ]);
    await unguarded(urls.transactions, [
      `delete from transfer where id = '${first}'`,
      `update transfer set status = 'pending', settled_at = null where id = '${second}'`,
      `delete from outbox_message where envelope like '%${second}%'`,
    ]);
    expect(glanceFaults(await readGlance(urls))).toEqual([
      'the balances in EUR sum to 1 and not to zero',
      `the balance of account ${accountIds[0]} is not the sum of its entries`,
      `transfer ${first} has ended and was never recorded`,
      `transfer ${second} is pending, and neither in the outbox nor on the channel nor on its way back`,
    ]);
  });

  async function idOf(key: string): Promise<string> {
    const [row] = await readRows<{ id: string }>(
      healthy.transactions,
      `select body::jsonb ->> 'id' as id from idempotency_record where key = '${key}'`,
    );
    return row?.id ?? '';
  }

  function payloadOf(id: string): string {
    const event = channels.events.find(
      ({ type, transferId }) => type === 'transfer.requested' && transferId === id,
    );
    const { debitAccountId, transferId } = event ?? { debitAccountId: '', transferId: '' };
    const text = JSON.stringify({ id: event?.id, type: event?.type, data: { transferId, debitAccountId } });
    return `\\x${Buffer.from(text).toString('hex')}`;
  }
});

/** Statements for each database. */
type Damage = Partial<Record<keyof BankUrls, readonly string[]>>;

const NOTHING_WRONG: Audit = {
  recorded: ORDERS,
  posted: ORDERS - 1,
  rejected: 1,
  lost: [],
  stuck: [],
  duplicated: [],
  phantom: [],
  reordered: [],
  convergedFromDoubt: [],
  moneyMissingMinor: {},
  imbalances: [],
  disagreements: [],
};

const withoutInbox = 'delete from inbox_message';

/** Takes a posting back, with all that it did. */
function withoutPosting(transferId: string): string[] {
  const posting = `(select id from posting where transfer_id = '${transferId}')`;
  return [
    `update account set balance_minor = balance_minor - entry.amount_minor
     from entry where entry.account_id = account.id and entry.posting_id = ${posting}`,
    `delete from entry where posting_id = ${posting}`,
    `delete from posting where transfer_id = '${transferId}'`,
    `delete from settlement where transfer_id = '${transferId}'`,
    `delete from outbox_message where envelope like '%${transferId}%'`,
  ];
}

/** What the ledger's unique key prevents. */
function postedAgain(transferId: string): string[] {
  const again = '019a0000-0000-7000-8000-000000000001';
  const once = `(select id from posting where transfer_id = '${transferId}' and id <> '${again}')`;
  return [
    'alter table posting drop constraint posting_transfer_id_key',
    `insert into posting (id, kind, transfer_id, currency, amount_minor)
     select '${again}', kind, transfer_id, currency, amount_minor from posting where transfer_id = '${transferId}'`,
    `insert into entry (posting_id, account_id, amount_minor, balance_after_minor, posted_at)
     select '${again}', account_id, amount_minor, balance_after_minor, posted_at from entry where posting_id = ${once}`,
    `update account set balance_minor = balance_minor + entry.amount_minor
     from entry where entry.account_id = account.id and entry.posting_id = '${again}'`,
  ];
}

/** Runs statements without the triggers and references that would refuse them. */
async function unguarded(url: string, statements: readonly string[]): Promise<void> {
  const database = new Client({ connectionString: url });
  await database.connect();
  try {
    await database.query('set session_replication_role = replica');
    for (const statement of statements) {
      const { rowCount, command } = await database.query(statement);
      if (command !== 'ALTER' && rowCount === 0) throw new Error(`nothing was damaged by: ${statement}`);
    }
  } finally {
    await database.end();
  }
}

async function copyOf(urls: BankUrls, open: Closers): Promise<BankUrls> {
  const copy = async (url: string) => {
    const name = `audit_${randomBytes(4).toString('hex')}`;
    await execute(TEST_POSTGRES_URL, `create database ${name} template ${new URL(url).pathname.slice(1)}`);
    open.add(() => execute(TEST_POSTGRES_URL, `drop database ${name} with (force)`));
    return Object.assign(new URL(url), { pathname: `/${name}` }).href;
  };
  return { transactions: await copy(urls.transactions), accounts: await copy(urls.accounts) };
}
