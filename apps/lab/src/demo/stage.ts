import { layCable, type Cable } from '../cable/cable.js';
import { Bank, through, type DeliveryStrategy } from '../parts/bank.js';
import { Closers } from '../parts/closers.js';
import type { Ground, Parts } from '../parts/parts.js';
import { BankClient, openAccount } from './bank-client.js';
import { ACCOUNTS } from './script.js';

/** What a run is played on. */
export interface Stage {
  readonly ground: Ground;
  /** Between `transactions` and NATS. */
  readonly cable: Cable;
  readonly bank: Bank;
  readonly client: BankClient;
  /** Stops the services and what they stand on. Safe to call twice. */
  close(): Promise<void>;
}

/** Short, so that the story is short: each means the same at any length. */
const IMPATIENT = {
  NATS_RESUME_TIMEOUT_MS: '1000',
  NATS_CONNECT_TIMEOUT_MS: '1000',
  NATS_ACK_WAIT_MS: '2000',
};

/**
 * Starts both services with a delivery strategy, a cable between one of them and the broker, and opens accounts.
 * @param open takes what must be closed when the user breaks it off
 */
export async function openStage(delivery: DeliveryStrategy, parts: Parts, open: Closers): Promise<Stage> {
  const closers = new Closers();
  open.add(() => closers.close());
  const ground = await parts.openGround(delivery);
  closers.add(() => ground.close());
  const cable = await layCable(ground.broker);
  closers.add(() => cable.close());
  const transactionsNatsUrl = through(ground.broker.url, cable.port);
  const bank = new Bank({ ground, delivery, transactionsNatsUrl, environment: IMPATIENT });
  closers.add(() => bank.stop());
  await bank.start();
  const { url = '' } = bank.accounts;
  const owners = Array.from({ length: ACCOUNTS }, (_, index) => `Customer ${index + 1}`);
  const accountIds = await Promise.all(owners.map((owner) => openAccount(url, owner)));
  return { ground, cable, bank, client: new BankClient(bank, accountIds), close: () => closers.close() };
}
