/** Whether a claim costs the same in a large outbox, and beside a session that keeps vacuum from its work. */
import pg from 'pg';
import { startChild } from '../children.mjs';
import { emptied, openOutbox, writeBacklog, writeMessages } from '../outbox-tables.mjs';
import { text } from '../numbers.mjs';
import { startBroker } from '../servers.mjs';

/** One claim of this size takes all of the small backlog, so that both are claimed in the same way. */
const LANES = 50;
const RUN = 20;
const ONE_CLAIM = LANES * RUN;
const CLAIMS = 10;
const CLAIMS_A_WINDOW = 5;
const CLAIM_OPTIONS = { lanesMax: LANES, runMax: RUN, batchesMax: 1 };
const GROWTH_MOST = 1.2;

const SESSIONS = {
  'a snapshot held open': [
    'begin transaction isolation level repeatable read read only',
    'select count(*) from outbox_lane',
  ],
  'a writing transaction held open': ['begin', 'select pg_current_xact_id()'],
};

export const title = 'buffers touched per claimed message: claim and read, by EXPLAIN (ANALYZE, BUFFERS)';

export async function run({ postgres, report, settings }) {
  const small = await claimMany(postgres, { pending: ONE_CLAIM });
  tell(report, `${n(ONE_CLAIM)} pending`, small);
  const large = await claimMany(postgres, { pending: settings.pendingMax });
  tell(report, `${n(settings.pendingMax)} pending`, large);
  report.target(
    'times as many with the large backlog',
    { most: GROWTH_MOST },
    claimed(large) / claimed(small),
  );
  const [snapshot, writing] = Object.keys(SESSIONS);
  const { trafficSeconds, trafficPerSecond } = settings;
  const growth = await beside(postgres, report, settings, snapshot, trafficSeconds);
  report.target(
    `times as many after ${trafficSeconds} s of ${trafficPerSecond} events/s beside the snapshot`,
    { most: GROWTH_MOST },
    growth,
  );
  const other = await beside(postgres, report, settings, writing, trafficSeconds / 3);
  report.note(
    `after ${text(trafficSeconds / 3)} s: ${text(other)} times as many (reported; there is no target)`,
  );
}

/** Claims and publishes the same number of messages, whatever waits behind them. */
async function claimMany(postgres, { pending }) {
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'buffers');
  const relay = await startChild('relay', { url: outbox.url, broker, options: CLAIM_OPTIONS, explain: true });
  const all = [];
  if (pending > ONE_CLAIM) await writeBacklog(outbox, pending, pending / RUN);
  for (let claim = 0; claim < CLAIMS; claim++) {
    if (pending === ONE_CLAIM) await writeBacklog(outbox, ONE_CLAIM, LANES, { firstKey: claim * LANES });
    all.push(await relay.call('deliver', { messages: ONE_CLAIM }));
  }
  await relay.stop();
  await outbox.drop();
  await broker.stop();
  return buffersOf(all);
}

/**
 * Traffic at a fixed rate in windows, the first before the session begins. After each, the same claim is made by the
 * relay that served the traffic: one whose size the traffic decides would be another one each time. It has one
 * message a key, so that what the claim itself touches is not spread over many.
 *
 * @returns how many times as many buffers that claim touches in the end
 */
async function beside(postgres, report, settings, session, seconds) {
  const { trafficPerSecond, keys, windows, backlog } = settings;
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'beside');
  const relay = await startChild('relay', { url: outbox.url, broker, explain: true });
  const service = await startChild('service', { url: outbox.url, broker });
  const holder = new pg.Client({ connectionString: outbox.url });
  await holder.connect();
  const traffic = { perSecond: trafficPerSecond, perTransaction: 1, seconds: seconds / windows, keys };
  // What the traffic adds to the settled messages is to be little beside them: their index has its height already.
  await writeBacklog(outbox, backlog, keys);
  const found = [];
  for (let window = 0; window <= windows; window++) {
    found.push(await trafficAndClaims({ outbox, relay, service }, traffic));
    if (window === 0) for (const statement of SESSIONS[session]) await holder.query(statement);
  }
  await holder.end();
  await Promise.all([relay.stop(), service.stop()]);
  await outbox.drop();
  await broker.stop();
  tellWindows(report, `beside ${session}, ${trafficPerSecond} events/s`, traffic.seconds, found);
  return claimed(found.at(-1).claims) / claimed(found[0].claims);
}

async function trafficAndClaims({ outbox, relay, service }, traffic) {
  relay.tell('start');
  await emptied(outbox);
  await relay.call('take');
  await service.call('emitAtRate', traffic);
  await emptied(outbox);
  await relay.call('stop');
  const inTraffic = buffersOf([await relay.call('take')]);
  const claims = [];
  for (let claim = 0; claim < CLAIMS_A_WINDOW; claim++) {
    await writeMessages(outbox, LANES, LANES);
    claims.push(await relay.call('deliver', { messages: LANES }));
  }
  return { inTraffic, claims: buffersOf(claims) };
}

/** Buffers a message, by what they were touched for. */
function buffersOf(all) {
  const acknowledged = all.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const found = { claim: 0, read: 0, settle: 0, recover: 0, claims: 0, acknowledged };
  for (const [name, { buffers, calls }] of all.flatMap(({ statements }) => Object.entries(statements))) {
    if (name in found) found[name] += buffers / acknowledged;
    if (name === 'claim') found.claims += calls;
  }
  return found;
}

const claimed = ({ claim, read }) => claim + read;

function tell(report, name, found) {
  report.row(name, {
    'claim + read': claimed(found),
    settle: found.settle,
    recover: found.recover,
    claims: found.claims,
    messages: found.acknowledged,
  });
}

function tellWindows(report, title, seconds, windows) {
  report.note(`${title}; first before it, then each ${text(seconds)} s beside it:`);
  report.row(`  claim + read, ${LANES} keys × 1`, {
    '': series(windows, ({ claims }) => claimed(claims)),
  });
  report.row('  in the traffic: claim + read', {
    '': series(windows, ({ inTraffic }) => claimed(inTraffic)),
  });
  report.row('  in the traffic: settle', { '': series(windows, ({ inTraffic }) => inTraffic.settle) });
  report.row('  in the traffic: recover', { '': series(windows, ({ inTraffic }) => inTraffic.recover) });
}

const series = (windows, of) => windows.map((window) => text(of(window))).join('  ');
const n = (value) => value.toLocaleString('en-US');
