import type { Told } from '../../audit/told.js';
import type { Order, TransactionsApi } from '../bank/transactions.js';
import type { Program } from '../bank/program.js';
import type { Strikes } from '../world/strikes.js';
import type { World } from '../world/world.js';

/** One thing that the client wants, under its Idempotency-Key. */
export interface PlannedOrder {
  readonly key: string;
  readonly atMs: number;
  readonly order: Order;
  /** Which instance is asked first. */
  readonly instance: number;
}

/** What the client remembers of an order. */
interface Memory {
  /** The transfer that it was told of; undefined until then. */
  transferId: string | undefined;
  /** A refusal that is final: nothing was recorded. */
  refused: number | undefined;
  /** How often it has asked. */
  attempts: number;
}

/** How long an answer is waited for, in ms, and how long the client rests before it asks again. */
const PATIENCE_MS = 10_000;
const REST_MS = 300;

/** Orders, and asks again with the same key until it knows what became of it. */
export class Client {
  readonly told = new Map<string, Memory>();
  private unanswered = 0;

  constructor(
    private readonly world: World,
    private readonly strikes: Strikes,
    private readonly instances: readonly Program<TransactionsApi>[],
  ) {}

  get done(): boolean {
    return this.unanswered === 0;
  }

  /** What it knows of each order, by its key, as the auditor asks for it. */
  toldOf(): ReadonlyMap<string, Told> {
    return new Map(
      [...this.told].map(([key, { transferId, refused }]): [string, Told] => {
        if (transferId !== undefined) return [key, { outcome: 'accepted', transferId }];
        return [key, { outcome: refused === undefined ? 'unknown' : 'refused' }];
      }),
    );
  }

  /** Makes the orders at their times. */
  order(orders: readonly PlannedOrder[]): void {
    for (const planned of orders) {
      this.unanswered++;
      const told: Memory = { transferId: undefined, refused: undefined, attempts: 0 };
      this.told.set(planned.key, told);
      this.world.after(planned.atMs * 1_000, 'order', () => this.ask(planned, told));
    }
  }

  private ask(planned: PlannedOrder, told: Memory): void {
    const { key, order, instance } = planned;
    const { world } = this;
    const program = this.instances[
      (instance + told.attempts++) % this.instances.length
    ] as Program<TransactionsApi>;
    let open = true;
    const conclude = (next: () => void) => {
      if (!open) return;
      open = false;
      patience.cancel();
      next();
    };
    const again = () => world.after(REST_MS * 1_000, 'ask again', () => this.ask(planned, told));
    const patience = world.after(PATIENCE_MS * 1_000, 'answer overdue', () => conclude(again));
    const answer = (status: number, transferId: string | undefined) => {
      if (this.strikes.strike('client.answer', program.process) === 'lost') return;
      world.trace.tell(
        program.name,
        'client',
        () => `${status}${transferId ? ` transfer ${transferId}` : ''}`,
      );
      world.afterWay('answer', () => conclude(() => this.learn(told, status, transferId, again)));
    };
    world.trace.tell('client', program.name, () => `orders ${order.kind} of ${order.amountMinor} (${key})`);
    world.afterWay('request', () => {
      const { process, service } = program;
      if (!service || process.dead) return void world.afterWay('connection refused', () => conclude(again));
      process.onEnd.push(() => world.afterWay('connection reset', () => conclude(again)));
      const work = () =>
        void service.api.order(key, order).then(
          ({ status, body }) => answer(status, body.id),
          (error: unknown) => answer(statusOf(error), undefined),
        );
      world.after(0, 'handle request', work, process);
    });
  }

  private learn(told: Memory, status: number, transferId: string | undefined, again: () => void): void {
    // 409: another request of this key runs. 5xx: nobody knows, or nothing is recorded.
    if (transferId === undefined && (status === 409 || status >= 500)) return void again();
    if (transferId === undefined) told.refused = status;
    else told.transferId = transferId;
    this.unanswered--;
  }
}

/** What the service would answer to this error. */
function statusOf(error: unknown): number {
  return (error as { problem?: { status?: number } } | null)?.problem?.status ?? 500;
}
