import { z } from 'zod';
import type { LoadOrder } from './load-plan.js';

/** Longer than the longest wait that a client asks for. */
const ANSWER_MS_MAX = 60_000;
/** The most that `Prefer: wait=` is good for, in s. */
const WAIT_SECONDS = 30;
/** A transfer that is pending after so many waits is stuck. */
const WAITS_MAX = 4;

const PATHS = { transfer: '/v1/transfers', deposit: '/v1/deposits', withdrawal: '/v1/withdrawals' };

const recordedSchema = z.looseObject({ id: z.string() });
const problemSchema = z.looseObject({ type: z.string() });
const statusSchema = z.looseObject({ status: z.enum(['pending', 'posted', 'rejected']) });

/** The addresses of the instances of a service. */
export type Instances = readonly [string, string];

interface Answer {
  /** The transfer that is recorded. */
  readonly id: string | undefined;
  /** The status, and of a problem its name: `202`, `202 replayed`, `409 transfer-already-reversed`. */
  readonly gist: string;
}

interface Post {
  readonly operation: string;
  readonly path: string;
  readonly key: string;
  readonly body?: object;
}

/** How a request that is sent to both instances at once under one key may be answered, the gists in their order. */
const ONCE_BY_KEY = ['202 + 202 replayed', '202 + 409 idempotency-key-in-progress'];
/** The same for two reversals under two keys; the second is recorded too if the first is rejected by then. */
const ONCE_BY_RULE = ['202 + 409 transfer-already-reversed', '202 + 202'];
const NOT_REVERSIBLE = ['409 transfer-not-reversible + 409 transfer-not-reversible'];

/**
 * Clients that share one plan of orders. Each sends an order to one of two instances of transactions; some orders are
 * sent to both at once under one key, and some are, when they are settled, reversed at both at once under two keys.
 */
export class LoadClients {
  /** Every transfer that a client was told is recorded. */
  readonly recorded = new Set<string>();
  /** What was answered that must not be, one sentence each. */
  readonly surprises: string[] = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly instances: Instances) {}

  /** How often each operation was answered how. */
  get answers(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].toSorted());
  }

  /** Sends all orders, `clients` at once, and resolves when each is answered. */
  async run(plan: readonly LoadOrder[], clients: number): Promise<void> {
    const orders = plan.values();
    const client = async () => {
      for (const order of orders) await this.place(order);
    };
    await Promise.all(Array.from({ length: clients }, client));
  }

  private async place({ number, kind, key, body, afterthought }: LoadOrder): Promise<void> {
    const post: Post = { operation: kind, path: PATHS[kind], key, body };
    if (afterthought === 'repeat') return this.expect(post, await this.postToBoth(post, post), ONCE_BY_KEY);
    const [one, other] = this.instances;
    const [here, there] = number % 2 === 0 ? [one, other] : [other, one];
    const answer = await this.post(here, post);
    this.expect(post, [answer], ['202']);
    if (afterthought === 'reverse' && answer.id !== undefined) await this.reverse(answer.id, key, there);
  }

  private async reverse(id: string, key: string, instance: string): Promise<void> {
    const post: Post = { operation: 'reversal', path: `/v1/transfers/${id}/reversal`, key: `${key}-back` };
    const status = await this.outcomeOf(id, instance);
    const answers = await this.postToBoth(post, { ...post, key: `${post.key}-again` });
    this.expect(post, answers, status === 'posted' ? ONCE_BY_RULE : NOT_REVERSIBLE);
  }

  /** Waits at another instance than the one that took the order. */
  private async outcomeOf(id: string, instance: string): Promise<string> {
    for (let waits = 0; waits < WAITS_MAX; waits += 1) {
      const response = await fetch(`${instance}/v1/transfers/${id}`, {
        headers: { prefer: `wait=${WAIT_SECONDS}` },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const { status } = statusSchema.parse(await response.json());
      if (status !== 'pending') return status;
    }
    this.surprises.push(`${id} is pending after ${WAITS_MAX} waits of ${WAIT_SECONDS} s`);
    return 'pending';
  }

  private postToBoth(one: Post, other: Post): Promise<Answer[]> {
    const [first, second] = this.instances;
    return Promise.all([this.post(first, one), this.post(second, other)]);
  }

  private async post(instance: string, { operation, path, key, body }: Post): Promise<Answer> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${instance}${path}`, {
      method: 'POST',
      headers: {
        'idempotency-key': key,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...json,
    });
    const answer = answerOf(response, await response.json());
    if (answer.id !== undefined) this.recorded.add(answer.id);
    const line = `${operation} ${answer.gist}`;
    this.counts.set(line, (this.counts.get(line) ?? 0) + 1);
    return answer;
  }

  /** Two requests under one key are about one transfer, too. */
  private expect({ operation, key }: Post, answers: readonly Answer[], allowed: readonly string[]): void {
    const gists = answers.map(({ gist }) => gist).toSorted();
    const ids = new Set(answers.flatMap(({ id }) => id ?? []));
    const isOne = allowed !== ONCE_BY_KEY || ids.size === 1;
    if (allowed.includes(gists.join(' + ')) && isOne) return;
    this.surprises.push(
      `${operation} ${key}: ${gists.join(' + ')}, about ${[...ids].join(' and ') || 'none'}`,
    );
  }
}

function answerOf({ status, headers }: Response, body: unknown): Answer {
  const replayed = headers.has('idempotency-replayed') ? ' replayed' : '';
  if (status === 202) return { id: recordedSchema.parse(body).id, gist: `202${replayed}` };
  const name = problemSchema.parse(body).type.split('/').at(-1);
  return { id: undefined, gist: `${status}${replayed} ${name ?? ''}` };
}
