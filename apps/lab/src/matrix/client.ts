import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Told } from '../audit/told.js';
import { CURRENCY } from '../demo/script.js';

/** A transfer as a client orders it. */
export interface TransferOrder {
  /** The Idempotency-Key, the same for every try. */
  readonly key: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
}

/** The accounts of a cell: nothing else touches them. */
export type CellAccounts = Pick<TransferOrder, 'debitAccountId' | 'creditAccountId'>;

/** What a client was told at one try. */
export interface Answer {
  readonly key: string;
  /** The status of the answer; undefined where none came. */
  readonly status: number | undefined;
  readonly transferId: string | undefined;
}

/** What an order was answered. */
export interface Posted {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Brings an order to `transactions`, and its answer back; rejects where none comes. */
export type Post = (order: TransferOrder) => Promise<Posted>;

/** Longer than a service waits for anything; a request without an answer until then is unanswered. */
export const ANSWER_MS_MAX = 6_000;
const REPEAT_MS = 100;
/** So much of a key tells it from another. */
const KEY_SHOWN = 8;
const ACCEPTED = 202;

/** Of the transfer that is recorded, or of the problem that names one. */
const told = z.object({ id: z.uuid() }).or(z.object({ transferId: z.uuid() }));

/** A client as one should be: what was not accepted is sent again under its key, until it is. */
export class Client {
  private readonly answers: Answer[] = [];

  /** @param say is told what it sends (`back` is false) and what it is answered */
  constructor(
    private readonly post: Post,
    private readonly say: (text: string, back: boolean) => void = () => undefined,
  ) {}

  /** Whether it was ever left without the answer that its transfer is accepted. */
  get wasInDoubt(): boolean {
    return this.answers.some(({ status }) => status !== ACCEPTED);
  }

  /** What it knows of each order in the end, as the auditor takes it. */
  told(): ReadonlyMap<string, Told> {
    return new Map(
      this.answers.map(({ key, status, transferId }) => {
        const outcome = status === ACCEPTED ? ('accepted' as const) : ('unknown' as const);
        return [key, { outcome, ...(transferId !== undefined && { transferId }) }];
      }),
    );
  }

  /** Sends an order until it is accepted, or `signal` says that there is no point any more. */
  async insist(order: TransferOrder, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const answer = await this.send(order);
      this.answers.push(answer);
      if (answer.status === ACCEPTED) return;
      await delay(REPEAT_MS);
    }
  }

  /** Sends an order once. */
  async send(order: TransferOrder): Promise<Answer> {
    this.say(`POST /v1/transfers, key ${order.key.slice(0, KEY_SHOWN)}`, false);
    const answered = await this.post(order).catch(() => undefined);
    this.say(answered === undefined ? 'no answer' : String(answered.status), true);
    const { data } = told.safeParse(answered?.body);
    const transferId = data === undefined ? undefined : 'id' in data ? data.id : data.transferId;
    return { key: order.key, status: answered?.status, transferId };
  }
}

/** On a connection of its own: what befell an earlier one is no matter of this request's. */
export function postTo(
  serviceUrl: string,
  { key, debitAccountId, creditAccountId, amountMinor }: TransferOrder,
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const sending = request(`${serviceUrl}/v1/transfers`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    sending.once('error', reject);
    sending.once('response', (response) => {
      json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    const amount = { amountMinor: String(amountMinor), currency: CURRENCY };
    sending.end(JSON.stringify({ debitAccountId, creditAccountId, ...amount }));
  });
}
