import { Bank, type LoadedBank } from '../bank/bank.js';
import { loadAccounts } from '../bank/accounts.js';
import { loadTransactions } from '../bank/transactions.js';
import { enterWorld } from '../world/globals.js';
import { runAs } from '../world/simulated-process.js';
import { World } from '../world/world.js';

/** A bank whose customers have their accounts: where every schedule begins. */
export interface FoundedBank extends LoadedBank {
  readonly accountIds: readonly string[];
}

/** Few, so that transfers meet. */
const ACCOUNTS = 3;
/** A little more than the largest transfer is of: some are refused. */
const OPENING_BALANCE_MINOR = 8_000n;
const LIMIT_MS = 10_000;
const WEATHER = { wayMicros: [100, 100], slowPercent: 0, slowMicros: 0 } as const;

/** Loads both services, and has `accounts` open the accounts; the same ones each time. */
export async function foundBank(): Promise<FoundedBank> {
  const loaded = { transactions: await loadTransactions(), accounts: await loadAccounts() };
  const world = new World({ seed: 0, weather: WEATHER });
  const leave = enterWorld(world);
  try {
    const settings = {
      instances: { transactions: 0, accounts: 1 },
      delivery: 'outbox',
      relay: {},
      nats: { NATS_ON_CONNECTION_LOST: 'reconnect' },
    } as const;
    const bank = new Bank(world, loaded, settings, { strikes: { strike: () => undefined } });
    bank.start();
    const [program] = bank.accounts;
    if (!program) throw new Error('the bank has no accounts');
    await world.runUntil(() => program.service !== undefined, LIMIT_MS);
    const accountIds: string[] = [];
    runAs(program.process, () => void openAccounts(program.service?.api, accountIds));
    const opened = await world.runUntil(() => accountIds.length === ACCOUNTS, LIMIT_MS);
    if (!opened) throw new Error('the accounts were not opened');
    return { ...loaded, accountIds, image: bank.databases.accounts.database.image() };
  } finally {
    leave();
  }
}

async function openAccounts(
  api: { open(account: object): Promise<{ readonly id: string }> } | undefined,
  accountIds: string[],
): Promise<void> {
  for (let number = 1; number <= ACCOUNTS; number++) {
    const account = {
      owner: `customer-${number}`,
      currency: 'EUR',
      openingBalanceMinor: OPENING_BALANCE_MINOR,
    };
    const opened = await api?.open(account);
    if (opened) accountIds.push(opened.id);
  }
}
