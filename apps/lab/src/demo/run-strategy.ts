import { Cable } from '../cable/cable.js';
import { Bank, through, type DeliveryStrategy } from '../parts/bank.js';
import { Closers } from '../parts/closers.js';
import type { Parts } from '../parts/parts.js';
import { BankClient, openAccount } from './bank-client.js';
import { CONCURRENCY, cutAndMend, type Stage } from './cut-and-mend.js';
import type { Findings } from './findings.js';
import type { Narrator } from './narrator.js';
import { ACCOUNTS, type Script } from './script.js';
import { settle } from './settle.js';

/** Short, so that the story is short: each means the same at any length. */
const IMPATIENT = {
  NATS_RESUME_TIMEOUT_MS: '1000',
  NATS_CONNECT_TIMEOUT_MS: '1000',
  NATS_ACK_WAIT_MS: '2000',
};
const DEFAULT_NATS_PORT = 4222;

/** What a run needs to know. */
export interface RunOptions {
  readonly strategy: DeliveryStrategy;
  readonly script: Script;
  readonly parts: Parts;
  readonly narrator: Narrator;
  /** Takes what must be closed when the user breaks it off. */
  readonly open: Closers;
}

/** Plays the script with one strategy and returns what came of it. Everything that it opens it closes again. */
export async function runStrategy(options: RunOptions): Promise<Findings> {
  const closers = new Closers();
  options.open.add(() => closers.close());
  try {
    return await play(options, await setTheStage(options, closers));
  } finally {
    await closers.close();
  }
}

async function setTheStage({ strategy, parts, narrator }: RunOptions, closers: Closers): Promise<Stage> {
  const ground = await parts.openGround(strategy);
  closers.add(() => ground.close());
  const { hostname, port } = new URL(ground.broker.url);
  const cable = await Cable.to({ host: hostname, port: Number(port) || DEFAULT_NATS_PORT });
  closers.add(() => cable.close());
  const transactionsNatsUrl = through(ground.broker.url, cable.port);
  const bank = new Bank({ ground, delivery: strategy, transactionsNatsUrl, environment: IMPATIENT });
  closers.add(() => bank.stop());
  await bank.start();
  const { url = '' } = bank.accounts;
  const owners = Array.from({ length: ACCOUNTS }, (_, index) => `Customer ${index + 1}`);
  const accountIds = await Promise.all(owners.map((owner) => openAccount(url, owner)));
  narrator.say(`transactions and accounts are up, each with its own database; ${ACCOUNTS} accounts are open`);
  return { ground, cable, bank, client: new BankClient(bank, accountIds) };
}

async function play({ strategy, script, narrator }: RunOptions, stage: Stage): Promise<Findings> {
  const { ground, bank, client } = stage;
  await client.send(script.before, CONCURRENCY);
  const before = await settle(ground);
  narrator.say(
    `${script.before.length} transfers: ${before.audit.posted} posted, ${before.audit.rejected} rejected`,
  );

  const { openKeys, mendedAt, ...outage } = await cutAndMend(script, stage, narrator);
  const recovered = await settle(ground);
  const recoveryMs = recovered.consistent ? Date.now() - mendedAt : null;
  narrator.say('every order is accepted, and nothing moves any more');

  await client.send(script.after, CONCURRENCY);
  const { audit, traffic, witnessed } = await settle(ground);
  narrator.say(`${script.after.length} more transfers over the mended cable`);
  const inFlight = new Set(openKeys.map((key) => client.transferOf(key) ?? ''));
  const { exits } = bank.transactions;
  return { strategy, audit, traffic, witnessed, inFlight, recoveryMs, ...outage, exits: [...exits] };
}
