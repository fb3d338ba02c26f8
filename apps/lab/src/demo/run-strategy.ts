import type { DeliveryStrategy } from '../parts/bank.js';
import { CONCURRENCY, cutAndMend } from './cut-and-mend.js';
import type { Findings } from './findings.js';
import type { Narrator } from './narrator.js';
import { ACCOUNTS, type Script } from './script.js';
import { settle } from './settle.js';
import type { Stage } from './stage.js';

/** What a run needs to know. */
export interface RunOptions {
  readonly strategy: DeliveryStrategy;
  readonly script: Script;
  readonly narrator: Narrator;
  /** Called when the cable is cut: from then on the machine is idle for a while. */
  readonly onCut: () => void;
}

/** Plays the script on a stage, tells what happens, and returns what came of it. */
export async function runStrategy(options: RunOptions, stage: Stage): Promise<Findings> {
  const { strategy, script, narrator } = options;
  const { ground, bank, client } = stage;
  narrator.say(`transactions and accounts are up, each with its own database; ${ACCOUNTS} accounts are open`);
  await client.send(script.before, CONCURRENCY);
  const { audit: before } = await settle(ground);
  narrator.say(`${script.before.length} transfers: ${before.posted} posted, ${before.rejected} rejected`);

  const { openKeys, mendedAt, ...outage } = await cutAndMend(options, stage);
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
