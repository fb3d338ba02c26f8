import { layCable, type Cable } from '../cable/cable.js';
import { openAccount } from '../demo/bank-client.js';
import { BadOptionsError, PartStartError } from '../lab.errors.js';
import { Bank, through, type DeliveryStrategy, type Service } from '../parts/bank.js';
import type { Closers } from '../parts/closers.js';
import { freePort, isFree } from '../parts/free-port.js';
import { Parts, type Ground } from '../parts/parts.js';
import { look } from './look.js';
import { runTyped, type TypedCommands } from './typed-commands.js';

const START_HELP = `npm run start

Runs both services until Ctrl-C, on PostgreSQL and a NATS Streaming server of the lab's own, or on yours:
TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL with NATS_CLUSTER_ID. EVENT_DELIVERY (direct | outbox,
default outbox) says how events are delivered.

While it runs, type one of these and Enter:
  cut    the cable between transactions and NATS is cut
  mend   it is mended
  look   both databases, and whether they agree`;

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
  const { bank, ground, cable } = await openBank(open, deliveryOf(process.env['EVENT_DELIVERY']));
  await bank.start();
  await invite(bank);
  void runTyped(process.stdin, commandsOn(cable, ground), console.log);
  open.add(() => Promise.resolve(process.stdin.destroy()).then(() => undefined));
  const { name } = await Promise.race([givenUp(bank.transactions), givenUp(bank.accounts)]);
  throw new PartStartError(name, 'it fails again and again; its last lines are above');
}

/** Resolves when a service is not started any more, because it fails again and again. */
async function givenUp(service: Service): Promise<Service> {
  return new Promise((resolve) => service.onExit(() => service.failed && resolve(service)));
}

/** What runs, and what can be done to it. */
interface OpenBank {
  readonly bank: Bank;
  readonly ground: Ground;
  /** Between `transactions` and NATS. */
  readonly cable: Cable;
}

/** What can be typed while it runs. */
function commandsOn(cable: Cable, ground: Ground): TypedCommands {
  return {
    cut: async () => {
      await cable.set('refuse');
      return 'the cable between transactions and NATS is cut';
    },
    mend: async () => {
      await cable.set('mended');
      return 'the cable is mended';
    },
    look: () => look(ground),
  };
}

async function openBank(closers: Closers, delivery: DeliveryStrategy): Promise<OpenBank> {
  const parts = await Parts.start(process.env, console.log);
  closers.add(() => parts.stop());
  const ground = await parts.openGround('start');
  closers.add(() => ground.close());
  console.log(`the lab runs on ${parts.description}`);
  const ports = {
    transactions: await portNear(PORTS.transactions),
    accounts: await portNear(PORTS.accounts),
  };
  const cable = await layCable(ground.broker);
  closers.add(() => cable.close());
  const transactionsNatsUrl = through(ground.broker.url, cable.port);
  const environment = { LOG_FORMAT: 'text' };
  const bank = new Bank({ ground, delivery, ports, transactionsNatsUrl, environment });
  closers.add(() => bank.stop());
  relayLog(bank.transactions);
  relayLog(bank.accounts);
  return { bank, ground, cable };
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
    if (line.includes('Listening on')) console.log(`[${service.name}] runs as process ${service.pid}`);
  });
  service.onExit(({ code, signal }, restarts) => {
    console.log(
      `[${service.name}] ended (${signal ?? `exit code ${code}`})${restarts ? '; it is restarted' : ''}`,
    );
  });
}

/** Opens two accounts, so that the lines to try work as they are printed. */
async function invite({ transactions, accounts }: Bank): Promise<void> {
  const open = (owner: string) => openAccount(accounts.url ?? '', owner, 0n);
  const [ada, ben] = await Promise.all(['Ada', 'Ben'].map(open));
  const amount = (amountMinor: string) => ({ amountMinor, currency: 'EUR' });
  const deposit = { accountId: ada, ...amount('7000') };
  const transfer = { debitAccountId: ada, creditAccountId: ben, ...amount('1250') };
  const post = (path: string, body: object) =>
    `curl -i ${transactions.url}${path} -H 'content-type: application/json' -H "idempotency-key: $(date +%s)" -d '${JSON.stringify(body)}'`;
  console.log(`
transactions  ${transactions.url}
accounts      ${accounts.url}

Ada and Ben have an account each, with nothing in it. Deposit EUR 70.00 with her, move EUR 12.50 to him, and look:

${post('/v1/deposits', deposit)}
${post('/v1/transfers', transfer)}
curl ${accounts.url}/v1/accounts/${ada}

Type cut, mend or look, and Enter: the cable between transactions and NATS is cut, is mended; both databases are shown.
Ctrl-C stops everything.
`);
}
