import { randomBytes } from 'node:crypto';
import { BankClient, openAccount } from '../src/demo/bank-client.js';
import type { Order } from '../src/demo/script.js';
import { Bank, type BankOptions } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import type { Ground } from '../src/parts/parts.js';
import { execute } from '../src/parts/sql.js';
import type { BrokerAddress } from '../src/parts/streaming-client.js';

/** Enough that transfers of different keys run beside each other. */
const ACCOUNTS = 4;
const TEST_POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? '';

/** Both services as processes, on databases of their own, and a client. */
export interface Stage {
  readonly ground: Ground;
  readonly bank: Bank;
  readonly client: BankClient;
  readonly accountIds: readonly string[];
  close(): Promise<void>;
}

export interface StageOptions {
  /** The port of a cable to PostgreSQL, for `transactions` alone. */
  readonly transactionsDatabaseThrough?: number;
}

/** Starts both services on `broker`, which the caller starts and stops, and opens accounts. */
export async function openStage(
  broker: BrokerAddress,
  options: Partial<Omit<BankOptions, 'ground'>> & StageOptions = {},
): Promise<Stage> {
  const closers = new Closers();
  try {
    const ground = await openGround(broker, closers);
    const bank = new Bank({ delivery: 'outbox', ...options, ground: seenByBank(ground, options) });
    closers.add(() => bank.stop());
    await bank.start();
    const owners = Array.from({ length: ACCOUNTS }, (_, index) => `Customer ${index + 1}`);
    const accountIds = await Promise.all(owners.map((owner) => openAccount(bank.accounts.url ?? '', owner)));
    const client = new BankClient(bank, accountIds);
    return { ground, bank, client, accountIds, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function seenByBank(ground: Ground, { transactionsDatabaseThrough: port }: StageOptions): Ground {
  if (port === undefined) return ground;
  const transactions = Object.assign(new URL(ground.databases.transactions), { port }).href;
  return { ...ground, databases: { ...ground.databases, transactions } };
}

/** Orders that the accounts can pay. */
export function orders(count: number, label: string): Order[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `${label}-${index}`,
    debit: index % ACCOUNTS,
    credit: (index + 1) % ACCOUNTS,
    amountMinor: BigInt(index + 1),
  }));
}

async function openGround(broker: BrokerAddress, closers: Closers): Promise<Ground> {
  const runName = `e2e_${randomBytes(4).toString('hex')}`;
  const open = async (service: string) => {
    const name = `${runName}_${service}`;
    await execute(TEST_POSTGRES_URL, `create database ${name}`);
    closers.add(() => execute(TEST_POSTGRES_URL, `drop database ${name} with (force)`));
    return Object.assign(new URL(TEST_POSTGRES_URL), { pathname: `/${name}` }).href;
  };
  const databases = { transactions: await open('transactions'), accounts: await open('accounts') };
  return { runName, databases, broker, channelPrefix: '', close: () => closers.close() };
}
