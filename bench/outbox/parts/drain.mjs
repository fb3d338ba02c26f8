/** How fast a backlog leaves, beside the broker's own limit and beside the peer. */
import { startChild } from '../children.mjs';
import { WARM_UP_CHANNEL, WARM_UP_MESSAGES } from '../events.mjs';
import { median } from '../numbers.mjs';
import { witness } from '../order.mjs';
import { emptied, openOutbox, writeBacklog } from '../outbox-tables.mjs';
import { createPeerTables, dropReplicationSlot, writePeerBacklog } from '../peer-tables.mjs';
import { callsOf } from '../statements.mjs';
import { startBroker } from '../servers.mjs';

const PEERS = [
  { listener: 'polling', tuned: false },
  { listener: 'polling', tuned: true },
  { listener: 'replication', tuned: false },
  { listener: 'replication', tuned: true },
];

export const title = 'a backlog over many keys, in order, each message acknowledged';

export async function run({ postgres, report, settings }) {
  const { backlog, keys, rounds } = settings;
  report.note(
    `${n(backlog)} messages over ${n(keys)} keys, ${rounds} round(s), each with a broker of its own`,
  );
  const own = [];
  const limits = [];
  let inFlight;
  for (let round = 0; round < rounds; round++) {
    const drained = await drain(postgres, { backlog, keys });
    inFlight ??= drained.inFlightPeak;
    own.push(drained);
    limits.push(await limit({ backlog, keys, inFlight }));
  }
  const rate = median(own.map(({ perSecond }) => perSecond));
  report.row(`raw client, ${n(inFlight)} in flight, no database`, { 'messages/s': median(limits) });
  report.row('this relay', {
    'messages/s': rate,
    'statements a message': median(own.map(({ statementsAMessage }) => statementsAMessage)),
  });
  const peers = await measurePeers(postgres, report, settings);
  tellTargets(report, { own, limits, rate, peers });
}

function tellTargets(report, { own, limits, rate, peers }) {
  const ratio = median(own.map(({ perSecond }, round) => perSecond / limits[round]));
  const documented = Math.max(...peers.filter(({ tuned }) => !tuned).map(({ perSecond }) => perSecond));
  const tuned = Math.max(...peers.map(({ perSecond }) => perSecond));
  report.target("of the raw client's rate", { least: 0.5 }, ratio);
  report.target("times pg-transactional-outbox's rate, as documented", { least: 50 }, rate / documented);
  report.note(`(its fastest way, tuned: ${(rate / tuned).toFixed(1)} times)`);
  report.target('out of order, or missing', { most: 0 }, Math.max(...own.map(wrong)));
}

/** Drains a new backlog with so many relays, each in a process of its own. */
export async function drain(postgres, { backlog, keys, relays = 1 }) {
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'drain');
  const children = await Promise.all(
    Array.from({ length: relays }, () => startChild('relay', { url: outbox.url, broker })),
  );
  await warmUp(outbox, children, keys);
  await writeBacklog(outbox, backlog, keys);
  const ms = await drainWith(outbox, children);
  const taken = await Promise.all(children.map((child) => child.call('take')));
  await Promise.all(children.map((child) => child.stop()));
  const seen = await witness(broker, backlog);
  await outbox.drop();
  await broker.stop();
  const statements = taken.reduce((sum, { statements }) => sum + callsOf(statements), 0);
  return {
    perSecond: (backlog * 1_000) / ms,
    inFlightPeak: Math.max(...taken.map(({ inFlightPeak }) => inFlightPeak)),
    statementsAMessage: statements / backlog,
    shares: taken.map(({ acknowledged }) => acknowledged / backlog),
    ...seen,
  };
}

/** The raw client gets the same. */
async function warmUp(outbox, children, keys) {
  const options = { firstKey: keys, channel: WARM_UP_CHANNEL };
  await writeBacklog(outbox, WARM_UP_MESSAGES * children.length, keys, options);
  await drainWith(outbox, children);
  await Promise.all(children.map((child) => child.call('stop')));
  await Promise.all(children.map((child) => child.call('take')));
}

async function drainWith(outbox, children) {
  const startedMs = performance.now();
  for (const child of children) child.tell('start');
  await emptied(outbox);
  return performance.now() - startedMs;
}

async function limit({ backlog, keys, inFlight }) {
  const broker = await startBroker();
  const raw = await startChild('raw', { broker });
  const perSecond = await raw.call('publish', { inFlight, messages: backlog, keys });
  await raw.stop();
  await broker.stop();
  return perSecond;
}

async function measurePeers(postgres, report, settings) {
  report.note(`pg-transactional-outbox on the same backlog, ${settings.peerSeconds} s of it`);
  const measured = [];
  for (const how of PEERS) {
    const { perSecond, failures } = await measurePeer(postgres, how, settings);
    const name = `pg-transactional-outbox, ${how.listener}${how.tuned ? ', tuned' : ''}`;
    report.row(name, { 'messages/s': perSecond, ...(failures > 0 ? { failures } : {}) });
    measured.push({ ...how, perSecond });
  }
  return measured;
}

async function measurePeer(postgres, { listener, tuned }, { backlog, keys, peerSeconds }) {
  const replication = listener === 'replication';
  // Only replication needs more in the log than the default; everything else runs without.
  if (replication) await postgres.restart({ wal_level: 'logical' });
  const broker = await startBroker();
  const url = await postgres.createDatabase('peer');
  await createPeerTables(url, { replication });
  await writePeerBacklog(url, backlog, keys);
  const peer = await startChild('peer', { url, broker, listener, tuned });
  const measureMs = peerSeconds * 1_000;
  const measured = await peer.call('rate', { warmUpMs: measureMs / 4, measureMs });
  await peer.stop();
  if (replication) await dropReplicationSlot(url);
  await postgres.dropDatabase(url);
  await broker.stop();
  if (replication) await postgres.restart({});
  return measured;
}

/** Messages of a drained backlog that the witness did not see where they belong. */
export const wrong = ({ outOfOrder, missing }) => outOfOrder + missing;

const n = (value) => value.toLocaleString('en-US');
