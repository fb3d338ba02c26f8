import { clockOf, readTraffic } from '../audit/read-books.js';
import type { Cable } from '../cable/cable.js';
import type { Bank } from '../parts/bank.js';
import { until } from '../parts/deadline.js';
import type { Ground } from '../parts/parts.js';
import type { BankClient } from './bank-client.js';
import type { Narrator } from './narrator.js';
import type { Order, Script } from './script.js';

/** How many orders the client has under way at once. */
export const CONCURRENCY = 8;
/** The cable is cut when this share of its phase's orders was tried: others are in flight then, and others follow. */
const CUT_AFTER = 1 / 3;
/** Finding the connection lost, exiting and starting again takes 3 s. */
const STEP_MS_MAX = 60_000;

/** What a run is played on. */
export interface Stage {
  readonly ground: Ground;
  /** Between `transactions` and NATS. */
  readonly cable: Cable;
  readonly bank: Bank;
  readonly client: BankClient;
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
export async function cutAndMend(script: Script, stage: Stage, narrator: Narrator): Promise<Outage> {
  const { ground, cable, client } = stage;
  const atCut = client.send(script.atCut, CONCURRENCY);
  atCut.catch(() => undefined); // awaited below; until then nobody listens
  await acceptedSome(script.atCut, client);
  const from = await clockOf(ground.databases.transactions);
  const { openKeys } = client;
  await cable.set('refuse');
  narrator.bad(`the cable between transactions and NATS is cut; ${openKeys.length} requests are in flight`);

  await seeRestart(stage, narrator);
  const whileCut = client.send(script.whileCut, CONCURRENCY);
  whileCut.catch(() => undefined);
  await noMoreProgress(stage);
  tellTally(stage, narrator);

  const { waiting } = await readTraffic(ground.databases);
  const cut = { from, until: await clockOf(ground.databases.transactions) };
  if (waiting > 0) narrator.say(`${waiting} events wait in the outbox (sent: no)`);
  await cable.set('mended');
  const mendedAt = Date.now();
  narrator.good('the cable is mended');
  await Promise.all([atCut, whileCut]);
  return { cut, openKeys, waitingAtMend: waiting, mendedAt };
}

async function acceptedSome(orders: readonly Order[], client: BankClient): Promise<void> {
  const enough = Math.ceil(orders.length * CUT_AFTER);
  await until('the first orders to be accepted', STEP_MS_MAX, () => {
    const accepted = orders.filter(({ key }) => client.transferOf(key) !== undefined).length;
    return accepted >= enough ? true : undefined;
  });
}

/** The service finds its connection lost, says so, exits, and its next process gets as far as it can without NATS. */
async function seeRestart({ bank: { transactions } }: Stage, narrator: Narrator): Promise<void> {
  const [said] = await transactions.waitForLine(/NATS connection lost.*/, STEP_MS_MAX);
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
