import { openAccount } from '../demo/bank-client.js';
import { BadOptionsError, PartStartError } from '../lab.errors.js';
import { Bank, type DeliveryStrategy, type Service } from '../parts/bank.js';
import type { Closers } from '../parts/closers.js';
import { freePort, isFree } from '../parts/free-port.js';
import { Parts } from '../parts/parts.js';

const START_HELP = `npm run start

Runs both services until Ctrl-C, on PostgreSQL and a NATS Streaming server of the lab's own, or on yours:
TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL with NATS_CLUSTER_ID. EVENT_DELIVERY (direct | outbox,
default outbox) says how events are delivered.`;

/** What Nest tells of its own start: twenty lines that nobody reads. */
const NEST_INTERNALS =
  /\[(NestFactory|InstanceLoader|RoutesResolver|RouterExplorer|NestApplication|NestMicroservice)\]/;

/** The services' own default ports. */
const PORTS = { transactions: 3001, accounts: 3002 };

/**
 * `npm run start`: both services, until the process is told to stop.
 * @param open takes what must be closed then
 * @returns the exit code
 * @throws LabError
 */
export async function start(commandLine: readonly string[], open: Closers): Promise<number> {
  if (commandLine.some((word) => word === '--help' || word === '-h')) {
    console.log(START_HELP);
    return 0;
  }
  if (commandLine.length > 0)
    throw new BadOptionsError(`unknown option ${commandLine.join(' ')}\n\n${START_HELP}`);
  const bank = await openBank(open, deliveryOf(process.env['EVENT_DELIVERY']));
  await bank.start();
  await invite(bank);
  const { name } = await Promise.race([givenUp(bank.transactions), givenUp(bank.accounts)]);
  throw new PartStartError(name, 'it fails again and again; its last lines are above');
}

/** Resolves when a service is not started any more, because it fails again and again. */
async function givenUp(service: Service): Promise<Service> {
  return new Promise((resolve) => service.onExit(() => service.failed && resolve(service)));
}

async function openBank(closers: Closers, delivery: DeliveryStrategy): Promise<Bank> {
  const parts = await Parts.start(process.env, console.log);
  closers.add(() => parts.stop());
  const ground = await parts.openGround('start');
  closers.add(() => ground.close());
  console.log(`the lab runs on ${parts.description}`);
  const ports = {
    transactions: await portNear(PORTS.transactions),
    accounts: await portNear(PORTS.accounts),
  };
  const bank = new Bank({ ground, delivery, ports });
  closers.add(() => bank.stop());
  relayLog(bank.transactions);
  relayLog(bank.accounts);
  return bank;
}

async function portNear(wanted: number): Promise<number> {
  return (await isFree(wanted)) ? wanted : freePort();
}

function deliveryOf(name = 'outbox'): DeliveryStrategy {
  if (name === 'direct' || name === 'outbox') return name;
  throw new BadOptionsError(`EVENT_DELIVERY needs one of direct, outbox; got ${name}`);
}

function relayLog(service: Service): void {
  service.log.onLine((line) => {
    if (!NEST_INTERNALS.test(line)) console.log(`[${service.name}] ${line}`);
  });
  service.onExit(({ code, signal }, restarts) => {
    console.log(
      `[${service.name}] ended (${signal ?? `exit code ${code}`})${restarts ? '; it is restarted' : ''}`,
    );
  });
}

/** Opens two accounts, so that the line to try works as it is printed. */
async function invite({ transactions, accounts }: Bank): Promise<void> {
  const [from, to] = await Promise.all(['Ada', 'Ben'].map((owner) => openAccount(accounts.url ?? '', owner)));
  const body = { debitAccountId: from, creditAccountId: to, amountMinor: '1250', currency: 'EUR' };
  console.log(`
transactions  ${transactions.url}
accounts      ${accounts.url}

Ada and Ben have an account each. Move EUR 12.50 from her to him, and look at his balance:

curl -i ${transactions.url}/v1/transfers -H 'content-type: application/json' -H "idempotency-key: $(date +%s)" -d '${JSON.stringify(body)}'
curl ${accounts.url}/v1/accounts/${to}

Ctrl-C stops everything.
`);
}
