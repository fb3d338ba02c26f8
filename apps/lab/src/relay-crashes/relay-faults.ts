import { LEASE_MS } from './history-application.js';
import type { HistoryStage } from './history-stage.js';

/** What can befall a relay, or all of them, in a round. It throws when it did not really occur. */
export type RelayFault = (stage: HistoryStage) => Promise<void>;

const HOUR_MS = 3_600_000;
/** The steps come often enough that the first few of a process are soon past. */
const OCCURRENCES_MAX = 8;
/** Batches under way at once are four: when the tenth is claimed, at least one is settled. */
const AFTER_BATCHES = 10;
/** A commit that was in progress when the database was killed, and some that came after it was back. */
const PROGRESS = 20;

/** Every fault by its name. */
export const RELAY_FAULTS: Readonly<Record<string, RelayFault>> = {
  'killed when a batch is claimed': (stage) => kill(stage, 'outbox.relay.claimed'),
  'killed before a publish': (stage) => kill(stage, 'outbox.relay.publishing'),
  'killed after an acknowledgement': (stage) => kill(stage, 'outbox.relay.acked'),
  'killed before a settlement': (stage) => kill(stage, 'outbox.relay.settling'),
  'killed after a settlement': (stage) => kill(stage, 'outbox.relay.settled'),
  'stopped before a publish, and back after its lease': (stage) => zombie(stage, 'outbox.relay.publishing'),
  'stopped before a settlement, and back after its lease': (stage) => zombie(stage, 'outbox.relay.settling'),
  'PostgreSQL is killed and recovers': crashPostgres,
  'a pool of one connection runs dry': runDry,
  'clocks are two hours apart': setClocksApart,
};

async function kill(stage: HistoryStage, step: string): Promise<void> {
  const occurrence = 1 + stage.random(OCCURRENCES_MAX);
  const relay = await stage.startRelay({ step, occurrence, signal: 'SIGKILL' });
  await relay.said(/SIGKILL at /);
  await relay.ended();
}

/** The relay sleeps until others have taken its batches over, and then does what it was about to do. */
async function zombie(stage: HistoryStage, step: string): Promise<void> {
  const occurrence = 1 + stage.random(OCCURRENCES_MAX);
  const relay = await stage.startRelay({ step, occurrence, signal: 'SIGSTOP' });
  await relay.said(/SIGSTOP at /);
  await stage.until('the batches of a sleeping relay to be taken over', async () => {
    return (await stage.leasesOf(relay.clientId)) === 0;
  });
  relay.wake();
  await relay.said(/keys were taken over/);
  await stage.retire(relay);
}

async function crashPostgres(stage: HistoryStage): Promise<void> {
  await stage.postgres.crash();
  let settled: number | undefined;
  await stage.until('the relays to go on', async () => {
    const now = await stage.settled();
    settled ??= now;
    return now >= settled + PROGRESS;
  });
}

/** Its settlement waits for the only connection until the batch is no longer its own. */
async function runDry(stage: HistoryStage): Promise<void> {
  const relay = await stage.startRelay(undefined, {
    poolSize: 1,
    // Who listens for hints keeps a connection for itself.
    relayPlace: 'embedded',
    busyConnectionMs: LEASE_MS * 2,
  });
  await relay.said(/The connection is free again/);
  await relay.said(/keys were taken over/);
  await stage.retire(relay);
}

/** A lease that ran on the relay's clock would end an hour late, or have ended before it began. */
async function setClocksApart(stage: HistoryStage): Promise<void> {
  const fault = { step: 'outbox.relay.claimed', occurrence: AFTER_BATCHES, signal: 'SIGKILL' } as const;
  const relays = await Promise.all(
    [HOUR_MS, -HOUR_MS].map((clockAheadMs) => stage.startRelay({ ...fault, clockAheadMs })),
  );
  for (const relay of relays) {
    await relay.said(/SIGKILL at \S+ after [1-9]\d* batches/);
    await relay.ended();
  }
}
