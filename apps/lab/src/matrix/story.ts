import type { Books } from '../audit/books.js';
import { booksOf } from '../audit/books-of.js';
import type { CableMessage, NatsMessage, PostgresMessage } from '../cable/message.js';
import type { Cables, MatrixStage } from './stage.js';
import type { CellAccounts } from './client.js';

/** Who takes part, in the order of the diagram's columns. */
export const PARTICIPANTS = [
  'client',
  'transactions',
  'transactions db',
  'broker',
  'accounts',
  'accounts db',
] as const;
export type Participant = (typeof PARTICIPANTS)[number];

/** A line of the story: a message from one to another, or what happened to one, or what two of them know. */
export type Event<Name extends string = Participant> = { readonly atMs: number; readonly text: string } & (
  | {
      readonly kind: 'message';
      readonly from: Name;
      readonly to: Name;
      readonly fell?: boolean;
    }
  | { readonly kind: 'note'; readonly over: Name }
  | { readonly kind: 'knowledge' }
);

type Untimed = Event extends infer Each ? (Each extends Event ? Omit<Each, 'atMs'> : never) : never;

const LOOK_EVERY_MS = 40;

/** Writes down what happens on a stage while a cell is played. */
export class Story {
  readonly events: Event[] = [];
  private readonly startedAt = performance.now();
  private known = '';
  private looking: Promise<void> | undefined;
  private isOver = false;
  /** While the stage is tried out, nothing that happens belongs to the story. */
  private isPaused = false;

  constructor(private readonly stage: MatrixStage) {
    const { cables, bank } = stage;
    this.listen(cables, 'transactionsBroker', 'transactions', 'broker');
    this.listen(cables, 'accountsBroker', 'accounts', 'broker');
    this.listen(cables, 'transactionsDatabase', 'transactions', 'transactions db');
    this.listen(cables, 'accountsDatabase', 'accounts', 'accounts db');
    for (const name of ['transactions', 'accounts'] as const) {
      bank[name].onExit(({ code, signal }) =>
        this.add({ kind: 'note', over: name, text: `its process ends (${signal ?? `exit code ${code}`})` }),
      );
      bank[name].log.onLine((line) => {
        if (/Listening on/.test(line))
          this.add({ kind: 'note', over: name, text: 'it takes requests again' });
      });
    }
  }

  /** Begins to look at what both databases say of a cell's transfers. */
  watch(accounts: CellAccounts): void {
    this.looking = this.look([accounts.debitAccountId, accounts.creditAccountId]);
  }

  add(event: Untimed): void {
    if (this.isPaused || this.isOver) return;
    this.events.push({ ...event, atMs: performance.now() - this.startedAt });
  }

  async aside<Value>(work: () => Promise<Value>): Promise<Value> {
    this.isPaused = true;
    try {
      return await work();
    } finally {
      this.isPaused = false;
    }
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.looking;
  }

  private listen(cables: Cables, cable: keyof Cables, near: Participant, far: Participant): void {
    const protocol = far === 'broker' ? 'nats' : 'postgres';
    cables[cable].strike({
      at: { protocol, name: 'every message', matches: () => true },
      occurrence: 'every',
      action: (message: CableMessage) => {
        const told = tell(message);
        if (told !== undefined) {
          const [from, to] = told.back ? [far, near] : [near, far];
          this.add({ kind: 'message', from, to, text: told.text });
        }
        return 'pass';
      },
    });
  }

  private async look(ids: readonly string[]): Promise<void> {
    while (!this.isOver) {
      const known = await this.stage.readBooks().then(
        (books) => knowledgeIn(booksOf(books, ids)),
        () => this.known, // a database that is down says nothing new
      );
      if (known !== this.known) this.add({ kind: 'knowledge', text: known });
      this.known = known;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

interface ToldMessage {
  readonly text: string;
  /** From the server to the service. */
  readonly back: boolean;
}

function tell(message: CableMessage): ToldMessage | undefined {
  return message.protocol === 'nats' ? tellNats(message) : tellPostgres(message);
}

const BACK: readonly NatsMessage['kind'][] = ['publish-ack', 'delivery', 'delivery-ack-confirmed'];

function tellNats({ kind, channel, redelivered, refusal }: NatsMessage): ToldMessage {
  const again = redelivered ? ', again' : '';
  const refused = refusal === undefined ? '' : `, refused: ${refusal}`;
  return { text: `${kind.replaceAll('-', ' ')} of ${channel}${again}${refused}`, back: BACK.includes(kind) };
}

/** What a statement is about, by a piece of its text. */
const SUBJECTS: readonly (readonly [RegExp, string])[] = [
  [/insert into transfer\b/i, 'the transfer'],
  [/insert into posting\b/i, 'the posting'],
  [/insert into inbox_message\b/i, 'the inbox'],
  [/insert into outbox_message\b/i, 'the outbox'],
  [/update transfer\b/i, 'the status'],
];

/** Only of transactions that write something of the bank's, and the relay's settlements. */
function tellPostgres({
  kind,
  statements,
  transaction,
  commits,
  failure,
}: PostgresMessage): ToldMessage | undefined {
  const back = kind === 'answer';
  const failed = failure === undefined ? '' : `, failed: ${failure}`;
  const subjectsOf = (texts: readonly string[]) =>
    SUBJECTS.filter(([pattern]) => texts.some((text) => pattern.test(text))).map(([, subject]) => subject);
  if (commits) {
    const subjects = subjectsOf(transaction);
    if (subjects.length === 0) return undefined;
    return { text: `${back ? 'committed' : 'COMMIT'} (${subjects.join(', ')})${failed}`, back };
  }
  if (back && failure === undefined) return undefined;
  const subjects = subjectsOf(statements);
  return subjects.length === 0 ? undefined : { text: `write ${subjects.join(', ')}${failed}`, back };
}

/** What each side knows of the transfers, a line each. */
function knowledgeIn({ transfers, postings, outbox, channels }: Books): string {
  const names = new Map(transfers.map(({ id }, index) => [id, `T${index + 1}`]));
  const posted = postings.flatMap(({ transferId }) =>
    transferId === null ? [] : [names.get(transferId) ?? 'one that is not recorded'],
  );
  const says = [
    `transactions: ${transfers.map(({ id, status }) => `${names.get(id)} ${status}`).join(', ') || 'nothing'}`,
    `accounts: ${posted.map((name) => `${name} posted`).join(', ') || 'nothing'}`,
  ];
  const waiting = [...outbox.transactions, ...outbox.accounts].filter(
    ({ state }) => state === 'waiting',
  ).length;
  const open = channels?.undelivered?.size ?? 0;
  if (waiting > 0) says.push(`outboxes: ${waiting} waiting`);
  if (open > 0) says.push(`broker: ${open} not acknowledged`);
  return says.join(' | ');
}
