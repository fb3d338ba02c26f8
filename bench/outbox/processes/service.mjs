/** A service: its transactions emit events, and the relay is embedded, as it is by default. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { config, serve } from '../children.mjs';
import { CHANNEL, eventOf, keyOf } from '../events.mjs';
import { createRelay, createUnitOfWork, openBus, openDataSource, registry } from '../library.mjs';
import { callsOf, Statements } from '../statements.mjs';
import { WatchedBus } from '../watched-bus.mjs';

const [WRITER, RELAY, RAW] = ['writer', 'relay', 'raw'];
const INSERT_TRANSFER = 'insert into transfer (id, account, amount_minor) values ($1, $2, $3)';
const INSERT_ENTRY = 'insert into entry (transfer_id, amount_minor) values ($1, $2)';
/** The first ones run on cold code and empty pools: they don't count. */
const WARM_UP = 50;
/** Transactions of the offered load under way at once, and what a pause between two looks at the clock is, in ms. */
const WRITERS = 8;
const TICK_MS = 5;

Logger.overrideLogger(['error', 'warn']);
const { url, broker, options } = config();
/** What a transaction notes of its own COMMIT. */
const timing = new AsyncLocalStorage();
const statements = new Statements((_pool, text, answer) => {
  const times = timing.getStore();
  if (times === undefined || text !== 'COMMIT') return;
  times.commitSentMs = performance.now();
  answer?.then?.(
    () => (times.commitAnsweredMs = performance.now()),
    () => undefined,
  );
});
const dataSource = await openDataSource(url, { name: WRITER });
const relaySource = await openDataSource(url, { name: RELAY });
const bus = await openBus(broker);
const watched = new WatchedBus(bus);
const relay = createRelay({ dataSource: relaySource, bus, options });
const unitOfWork = createUnitOfWork({ dataSource, relay });

serve({ start: () => relay.start(), stop: () => relay.stop(), rest, offer, emitAtRate, pairs }, () =>
  relay.stop(),
);

/** The domain's own part of each measured transaction: two inserts. */
async function transfer(query, account) {
  const id = randomUUID();
  await query(INSERT_TRANSFER, [id, account, '1250']);
  await query(INSERT_ENTRY, [id, '1250']);
}

function eventFor(account) {
  const { data } = eventOf(account);
  return registry.create(CHANNEL, data);
}

/** One transaction with an event each `spacingMs`, and between two of them a commit and a publish by hand. */
async function rest({ events, spacingMs }) {
  const [own, peer] = [[], []];
  let nextMs = performance.now();
  for (let n = -WARM_UP; n < events; n++) {
    const [ownSample, peerSample] = [
      await at(nextMs, () => throughOutbox(keyOf(n & 1_023))),
      await at(nextMs + spacingMs / 2, () => byHand(keyOf(n & 1_023))),
    ];
    nextMs += spacingMs;
    if (n < 0) continue;
    own.push(ownSample);
    peer.push(peerSample);
  }
  return { own, peer };
}

async function at(timeMs, work) {
  await delay(Math.max(0, timeMs - performance.now()));
  return timing.run({}, work);
}

async function throughOutbox(account) {
  let acknowledged;
  await unitOfWork.run(async ({ manager, emit }) => {
    await transfer((text, values) => manager.query(text, values), account);
    const event = eventFor(account);
    acknowledged = watched.acknowledgementOf(event.id);
    emit(event);
  });
  return sampleOf(await acknowledged);
}

async function byHand(account) {
  const event = eventFor(account);
  await dataSource.transaction((manager) => transfer((text, values) => manager.query(text, values), account));
  await bus.publish(CHANNEL, JSON.stringify(event));
  return sampleOf(performance.now());
}

function sampleOf(acknowledgedMs) {
  const { commitSentMs, commitAnsweredMs } = timing.getStore();
  return {
    fromCommitMs: acknowledgedMs - commitSentMs,
    fromAnswerMs: acknowledgedMs - commitAnsweredMs,
  };
}

/** Emits at a fixed rate, over all keys in turn; the embedded relay's statements until everything is acknowledged. */
async function offer(load) {
  const { startedMs, emitted } = await emitAtRate(load);
  const writtenMs = performance.now() - startedMs;
  while (watched.acknowledged < emitted) await delay(TICK_MS);
  const acknowledgedMs = performance.now() - startedMs;
  await relay.stop();
  return { emitted, writtenMs, acknowledgedMs, statements: statements.take(RELAY) };
}

/** Emits at a fixed rate and leaves the rest to a relay elsewhere. */
async function emitAtRate({ perSecond, perTransaction, seconds, keys }) {
  statements.take(RELAY);
  const total = perSecond * seconds;
  const startedMs = performance.now();
  let emitted = 0;
  const writer = async () => {
    while (emitted < total) {
      if (emitted > ((performance.now() - startedMs) * perSecond) / 1_000) {
        await delay(TICK_MS);
        continue;
      }
      const first = emitted;
      emitted += perTransaction;
      await unitOfWork.run(async ({ emit }) => {
        for (let n = first; n < first + perTransaction; n++) emit(eventFor(keyOf(n % keys)));
      });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return { startedMs, emitted };
}

/** The same transaction with and without an event, and over `pg` alone, by turns; each event of another key. */
async function pairs({ count }) {
  const raw = new pg.Client({ connectionString: url, application_name: RAW });
  await raw.connect();
  const ways = {
    without: (account) =>
      unitOfWork.run(({ manager }) => transfer((text, values) => manager.query(text, values), account)),
    with: (account) =>
      unitOfWork.run(async ({ manager, emit }) => {
        await transfer((text, values) => manager.query(text, values), account);
        emit(eventFor(account));
      }),
    raw: async (account) => {
      await raw.query('BEGIN');
      await transfer((text, values) => raw.query(text, values), account);
      await raw.query('COMMIT');
    },
  };
  const took = { with: [], without: [], raw: [] };
  const sent = { with: 0, without: 0, raw: 0 };
  for (let n = 0; n < count + WARM_UP; n++) {
    // Each way comes first as often as last: who follows a flush of the log may find the disk in another mood.
    const order = Object.keys(ways);
    for (let turn = 0; turn < order.length; turn++) {
      const way = order[(turn + n) % order.length];
      const pool = way === 'raw' ? RAW : WRITER;
      statements.take(pool);
      const startedMs = performance.now();
      await ways[way](keyOf(n));
      const ms = performance.now() - startedMs;
      if (n < WARM_UP) continue;
      took[way].push(ms);
      sent[way] += callsOf(statements.take(pool));
    }
  }
  await raw.end();
  return { took, sent };
}
