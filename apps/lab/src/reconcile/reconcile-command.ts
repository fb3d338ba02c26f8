import { BadAnswerError, messageOf } from '../lab.errors.js';
import { parseCommandLine } from '../parts/command-line.js';
import { differences, reconciliationSchema, type Reconciliation } from './compare.js';

const RECONCILE_HELP = `npm run reconcile -- [options]

Asks both services for the counts and sums of a span of time and compares them, without reading a database. Exit code 0
if they agree, 1 if not.

  --transactions URL   default: http://127.0.0.1:3001
  --accounts URL       default: http://127.0.0.1:3002
  --from TIME          RFC 3339; default: the beginning
  --to TIME            RFC 3339, not included; default: as late as both services are closed
  --help               this text

BANK_TOKEN is the bearer token, with the scope bank:admin, where the services ask for one.`;

const ANSWER_MS_MAX = 30_000;
const THE_BEGINNING = '1970-01-01T00:00:00.000Z';

/**
 * `npm run reconcile`: compares the two services over their APIs.
 * @returns the exit code
 * @throws BadOptionsError, BadAnswerError
 */
export async function reconcile(commandLine: readonly string[]): Promise<number> {
  const options = parseCommandLine(commandLine, OPTIONS, RECONCILE_HELP);
  if (options.help) {
    console.log(RECONCILE_HELP);
    return 0;
  }
  const from = options.from ?? THE_BEGINNING;
  const to = options.to ?? (await closedUntil(options, from));
  const [transactions, accounts] = await Promise.all([
    ask(options.transactions, { from, to }),
    ask(options.accounts, { from, to }),
  ]);
  const found = differences(transactions, accounts);
  console.log(`${from} to ${to}`);
  for (const { currency, posted, rejected } of transactions.currencies) {
    console.log(
      `${currency}  posted ${posted.count} (${posted.amountMinor})  rejected ${rejected.count} (${rejected.amountMinor})`,
    );
  }
  console.log(found.length === 0 ? 'transactions and accounts agree' : found.join('\n'));
  return found.length === 0 ? 0 : 1;
}

/** The span that both have closed. */
async function closedUntil(
  { transactions, accounts }: { readonly transactions: string; readonly accounts: string },
  from: string,
): Promise<string> {
  const answers = await Promise.all([transactions, accounts].map((url) => ask(url, { from })));
  return answers.map((answer) => answer.closedUntil).toSorted()[0] ?? from;
}

async function ask(url: string, span: Readonly<Record<string, string>>): Promise<Reconciliation> {
  const address = `${url}/v1/reconciliation?${new URLSearchParams(span).toString()}`;
  const token = process.env['BANK_TOKEN'];
  try {
    const response = await fetch(address, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`it answered ${response.status}: ${text}`);
    return reconciliationSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BadAnswerError(address, messageOf(cause), { cause });
  }
}

const OPTIONS = {
  transactions: { type: 'string', default: 'http://127.0.0.1:3001' },
  accounts: { type: 'string', default: 'http://127.0.0.1:3002' },
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;
