import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Told } from '../audit/told.js';
import { Chance } from '../fuzz/chance.js';
import { TRANSACTIONS } from './fault.js';
import type { History } from './history.js';

/** Shorter than a fault may last: some requests are not answered. */
const ANSWER_MS_MAX = 2_000;
/** Before an order whose fate is not known is repeated. */
const REPEAT_MS = 200;
/** Statuses below 500 that say nothing about the order: asked too early, too often or too late. */
const COME_AGAIN = new Set([408, 409, 425, 429]);

const AMOUNT_MINOR_MAX = 5_000;
/** The account of nobody: what goes there is accepted, and rejected by the ledger. */
const NOBODY = '019a0000-0000-7000-8000-000000000000';
/** In a hundred orders. */
const SHARES = { refused: 2, toNobody: 5, deposits: 5, withdrawals: 5, insisting: 50, curious: 75 };
/** How long a client that is curious waits for the outcome at most: with many undecided, it orders less. */
const WAIT_SECONDS = 1;

const recorded = z.looseObject({ id: z.string() });
const status = z.looseObject({ status: z.enum(['pending', 'posted', 'rejected']) });
const unconfirmed = z.looseObject({ transferId: z.string() });

/** What the clients work with. */
export interface ClientsOptions {
  readonly seed: number;
  /** The instances of transactions, each behind its cable. */
  readonly urls: Readonly<Record<(typeof TRANSACTIONS)[number], string>>;
  readonly accountIds: readonly string[];
  readonly currency: string;
  readonly history: History;
  /** Orders in a second that all clients together begin at most. */
  readonly ratePerSecond: number;
}

interface Order {
  readonly key: string;
  readonly path: string;
  readonly body: Readonly<Record<string, string>>;
  /** Repeats until it knows; else it asks once. */
  readonly insists: boolean;
  /** Looks what became of it before it orders again. */
  readonly isCurious: boolean;
}

/**
 * Clients that order transfers without pause, and remember what they were told of each. Half of those that are not told
 * repeat the order under its key, at whichever instance, until they are; the other half never ask again.
 */
export class ChaosClients {
  /** What the clients know of their orders, by Idempotency-Key. */
  readonly told = new Map<string, Told>();
  /** Answers that no order may ever be given, one sentence each. */
  readonly surprises: string[] = [];
  private readonly chance: Chance;
  private readonly ordering = new AbortController();
  private readonly insisting = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private orders = 0;
  private nextAt = 0;

  constructor(private readonly options: ClientsOptions) {
    this.chance = new Chance(options.seed);
  }

  start(clients: number): void {
    this.nextAt = performance.now();
    this.running = Promise.all(Array.from({ length: clients }, () => this.work()));
  }

  /** No new orders from now on; resolves when those under way are told of, or given up after `insistMs`. */
  async stop(insistMs: number): Promise<void> {
    this.ordering.abort();
    const late = setTimeout(() => this.insisting.abort(), insistMs);
    await this.running;
    clearTimeout(late);
  }

  private async work(): Promise<void> {
    while (!this.ordering.signal.aborted) {
      await this.place(this.nextOrder());
      await this.keepPace();
    }
  }

  /** Who was held up may hurry until the rate is kept over the whole time since then, but only for a second's worth. */
  private async keepPace(): Promise<void> {
    const now = performance.now();
    this.nextAt = Math.max(this.nextAt, now - 1_000) + 1_000 / this.options.ratePerSecond;
    if (this.nextAt > now) await delay(this.nextAt - now);
  }

  private async place(order: Order): Promise<void> {
    this.told.set(order.key, { outcome: 'unknown' });
    for (let attempt = 1; ; attempt += 1) {
      const told = await this.ask(order, attempt);
      this.told.set(order.key, told);
      if (told.outcome === 'accepted' && order.isCurious) await this.look(order.key, told);
      if (told.outcome !== 'unknown' || !order.insists || this.insisting.signal.aborted) return;
      await delay(REPEAT_MS);
    }
  }

  private async ask({ key, path, body }: Order, attempt: number): Promise<Told> {
    const { history, urls } = this.options;
    const instance = this.chance.pick(TRANSACTIONS);
    history.write({ what: 'asked', key, attempt, instance });
    const answer = await request(`${urls[instance]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    const told = this.toldBy(key, answer);
    history.write({ what: 'told', key, status: answer?.status ?? null, ...told });
    return told;
  }

  /** Waits a little for the outcome, at whichever instance. */
  private async look(key: string, told: Told): Promise<void> {
    const url = this.options.urls[this.chance.pick(TRANSACTIONS)];
    const answer = await request(`${url}/v1/transfers/${told.transferId}`, {
      headers: { prefer: `wait=${WAIT_SECONDS}` },
    });
    const shown = status.safeParse(answer?.body).data?.status ?? 'pending';
    if (shown === 'pending') return;
    this.told.set(key, { ...told, shown });
    this.options.history.write({ what: 'shown', key, status: shown });
  }

  private toldBy(key: string, answer: Answer | undefined): Told {
    if (answer === undefined || answer.status >= 500 || COME_AGAIN.has(answer.status)) {
      const about = unconfirmed.safeParse(answer?.body);
      return { outcome: 'unknown', ...(about.success ? { transferId: about.data.transferId } : {}) };
    }
    const accepted = recorded.safeParse(answer.body);
    if (answer.status === 202 && accepted.success)
      return { outcome: 'accepted', transferId: accepted.data.id };
    if (!key.startsWith(REFUSED)) {
      this.surprises.push(`order ${key} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return { outcome: 'refused' };
  }

  private nextOrder(): Order {
    const { chance } = this;
    const { accountIds, currency, seed } = this.options;
    const number = (this.orders += 1);
    const account = chance.pick(accountIds);
    const others = accountIds.filter((id) => id !== account);
    const order = {
      key: `chaos-${seed}-${number}`,
      path: '/v1/transfers',
      insists: chance.percent(SHARES.insisting),
      isCurious: chance.percent(SHARES.curious),
    };
    const amount = { amountMinor: String(1 + chance.below(AMOUNT_MINOR_MAX)), currency };
    const to = (creditAccountId: string) => ({ debitAccountId: account, creditAccountId, ...amount });
    const cash = { accountId: account, ...amount };
    let share = chance.below(100);
    const isOf = (kind: keyof typeof SHARES) => (share -= SHARES[kind]) < 0;
    if (isOf('refused')) return { ...order, key: `${REFUSED}${seed}-${number}`, body: to(account) };
    if (isOf('toNobody')) return { ...order, body: to(NOBODY) };
    if (isOf('deposits')) return { ...order, path: '/v1/deposits', body: cash };
    if (isOf('withdrawals')) return { ...order, path: '/v1/withdrawals', body: cash };
    return { ...order, body: to(chance.pick(others)) };
  }
}

/** In front of the keys of orders that cannot be accepted: from an account to itself. */
const REFUSED = 'refused-';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** @returns undefined when no answer came, or half of one */
async function request(url: string, options: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return { status: response.status, body: await response.json() };
  } catch {
    return undefined;
  }
}
