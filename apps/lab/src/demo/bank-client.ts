import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { PartStartError } from '../lab.errors.js';
import type { Bank } from '../parts/bank.js';
import { CURRENCY, OPENING_BALANCE_MINOR, type Order } from './script.js';

/** A request that is not answered by then counts as unanswered, and is repeated. */
const ANSWER_MS_MAX = 10_000;
/** Between two tries of one order. */
const REPEAT_MS = 100;

/** What the client has lived through so far. */
export interface Tally {
  /** Orders that the service accepted in the end. */
  readonly accepted: number;
  /** Answers 503: recorded, and perhaps not published. */
  readonly unconfirmed: number;
  /** Requests that got no answer at all. */
  readonly unanswered: number;
}

const created = z.object({ id: z.string() });

/**
 * A client of the bank, as one should be: several orders at once, each with an Idempotency-Key, and what was not
 * answered or failed is repeated under its key.
 */
export class BankClient {
  private readonly counts = { accepted: 0, unconfirmed: 0, unanswered: 0 };
  private readonly open = new Set<string>();
  private readonly idOfKey = new Map<string, string>();

  constructor(
    private readonly bank: Bank,
    private readonly accountIds: readonly string[],
  ) {}

  get tally(): Tally {
    return { ...this.counts };
  }

  /** The keys of the orders that were sent and have no final answer yet. */
  get openKeys(): readonly string[] {
    return [...this.open];
  }

  /** The transfer that was recorded for a key, as far as the client was told. */
  transferOf(key: string): string | undefined {
    return this.idOfKey.get(key);
  }

  /** Whether at least one of the orders is accepted. */
  hasAccepted(orders: readonly Order[]): boolean {
    return orders.some(({ key }) => this.idOfKey.has(key) && !this.open.has(key));
  }

  /** Sends orders, `concurrency` at once, and resolves when each is accepted. */
  async send(orders: readonly Order[], concurrency: number): Promise<void> {
    const queue = [...orders];
    const worker = async () => {
      for (let order = queue.shift(); order !== undefined; order = queue.shift()) await this.insist(order);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  private async insist(order: Order): Promise<void> {
    this.open.add(order.key);
    while (!(await this.post(order))) await delay(REPEAT_MS);
    this.open.delete(order.key);
  }

  /** One try. Returns whether the order is accepted; throws on an answer that no repeat will change. */
  private async post(order: Order): Promise<boolean> {
    const answer = await this.request(order);
    if (answer === undefined) {
      this.counts.unanswered += 1;
      return false;
    }
    if (answer.status === 202) {
      this.idOfKey.set(order.key, created.parse(answer.body).id);
      this.counts.accepted += 1;
      return true;
    }
    if (answer.status < 500) throw unexpected('a transfer', answer);
    this.counts.unconfirmed += 1;
    const problem = z.object({ transferId: z.string() }).safeParse(answer.body);
    if (problem.success) this.idOfKey.set(order.key, problem.data.transferId);
    return false;
  }

  private async request({ key, debit, credit, amountMinor }: Order): Promise<Answer | undefined> {
    const { url } = this.bank.transactions;
    if (url === undefined) return undefined;
    const body = {
      debitAccountId: this.accountIds[debit],
      creditAccountId: this.accountIds[credit],
      amountMinor: String(amountMinor),
      currency: CURRENCY,
    };
    try {
      return await postJson(`${url}/v1/transfers`, body, { 'idempotency-key': key });
    } catch {
      return undefined; // the connection broke, or nobody listens
    }
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Opens an account and returns its id.
 * @throws PartStartError when the service refuses
 */
export async function openAccount(
  accountsUrl: string,
  owner: string,
  openingBalanceMinor = OPENING_BALANCE_MINOR,
): Promise<string> {
  const body = { owner, currency: CURRENCY, openingBalanceMinor: String(openingBalanceMinor) };
  const answer = await postJson(`${accountsUrl}/v1/accounts`, body);
  if (answer.status !== 201) throw unexpected('an account', answer);
  return created.parse(answer.body).id;
}

async function postJson(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  return { status: response.status, body: await response.json() };
}

function unexpected(what: string, { status, body }: Answer): PartStartError {
  return new PartStartError('The demo', `a service answered ${status} to ${what}: ${JSON.stringify(body)}`);
}
