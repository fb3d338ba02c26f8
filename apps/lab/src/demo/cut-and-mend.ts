import { clockOf, readTraffic } from '../audit/read-books.js';
import { until } from '../parts/deadline.js';
import type { BankClient } from './bank-client.js';
import type { Narrator } from './narrator.js';
import type { Order, Script } from './script.js';
import type { Stage } from './stage.js';

/** How many orders the client has under way at once. */
export const CONCURRENCY = 8;
/** Finding the connection lost, exiting and starting again takes 3 s. */
const STEP_MS_MAX = 60_000;

/** What to do, and whom to tell. */
export interface CutOptions {
  readonly script: Script;
  readonly narrator: Narrator;
  /** Called when the cable is cut. */
  readonly onCut: () => void;
}

/** What there is to know of the time without NATS. */
export interface Outage {
  /** By the clock that stamps the transfers. */
  readonly cut: { readonly from: Date; readonly until: Date };
  /** The orders that were sent and not answered when the cable was cut. */
  readonly openKeys: readonly string[];
  /** Outbox rows that were not sent when the cable was mended. */
  readonly waitingAtMend: number;
  /** By the lab's own clock, in ms. */
  readonly mendedAt: number;
}

/**
 * Cuts the cable while transfers go on, waits until the service has exited and was restarted, lets transfers go on, and
 * mends the cable. Resolves when every order of these phases is accepted.
 */
export async function cutAndMend({ script, narrator, onCut }: CutOptions, stage: Stage): Promise<Outage> {
  const { ground, cable, client } = stage;
  const half = Math.floor(script.atCut.length / 2);
  const [soon, late] = [script.atCut.slice(0, half), script.atCut.slice(half)];
  const inFlight = sendAlong(client, soon);
  await until('the first of them to be accepted', STEP_MS_MAX, () => client.hasAccepted(soon) || undefined);
  const from = await clockOf(ground.databases.transactions);
  const { openKeys } = client;
  await cable.set('refuse');
  narrator.bad(`the cable between transactions and NATS is cut; ${openKeys.length} requests are in flight`);
  onCut();
  // The service has not noticed yet, and takes these as it took the others.
  const unaware = sendAlong(client, late);

  await seeRestart(stage, narrator);
  const whileCut = sendAlong(client, script.whileCut);
  await noMoreProgress(stage);
  tellTally(stage, narrator);

  const { waiting } = await readTraffic(ground.databases);
  const cut = { from, until: await clockOf(ground.databases.transactions) };
  if (waiting > 0) narrator.say(`${waiting} events wait in the outbox (sent: no)`);
  await cable.set('mended');
  const mendedAt = Date.now();
  narrator.good('the cable is mended');
  await Promise.all([inFlight, unaware, whileCut]);
  return { cut, openKeys, waitingAtMend: waiting, mendedAt };
}

/** Sends orders while other things happen; whoever awaits the promise later gets its failure. */
function sendAlong(client: BankClient, orders: readonly Order[]): Promise<void> {
  const sending = client.send(orders, CONCURRENCY);
  sending.catch(() => undefined);
  return sending;
}

/** The service finds its connection lost, says so, exits, and its next process gets as far as it can without NATS. */
async function seeRestart({ bank: { transactions } }: Stage, narrator: Narrator): Promise<void> {
  const [said] = await transactions.waitForLine(/NATS connection lost[^"]*/, STEP_MS_MAX);
  narrator.bad(`transactions says: ${said}`);
  const { code } = await transactions.waitForExit(1, STEP_MS_MAX);
  const mark = transactions.log.end;
  narrator.bad(`transactions has exited with code ${code}; it is restarted`);
  const [state] = await transactions.waitForLine(/Listening on|Waiting for NATS/, STEP_MS_MAX, mark);
  narrator.say(
    state === 'Listening on'
      ? 'transactions is up again and takes transfers, without NATS'
      : 'transactions is up again and waits for NATS; it takes no transfers',
  );
}

/** Either every order is accepted, or the service is not listening. */
async function noMoreProgress({ bank, client }: Stage): Promise<void> {
  await until('the client to get no further', STEP_MS_MAX, () =>
    client.openKeys.length === 0 || bank.transactions.url === undefined ? true : undefined,
  );
}

function tellTally({ client }: Stage, narrator: Narrator): void {
  const { unconfirmed, unanswered } = client.tally;
  const open = client.openKeys.length;
  const trouble = `${unconfirmed} × 503 publish-unconfirmed, ${unanswered} × no answer, repeated under their keys`;
  narrator.say(
    `the client: ${unconfirmed + unanswered === 0 ? 'every request was answered' : trouble}; ` +
      (open === 0 ? 'every order is accepted' : `${open} orders are still open`),
  );
}
