import { ANSWER_MS_MAX, type Post, type Posted, type TransferOrder } from '../../matrix/client.js';
import { CURRENCY } from '../../demo/script.js';
import type { Program } from '../bank/program.js';
import type { TransactionsApi } from '../bank/transactions.js';
import type { Connection } from '../world/passage.js';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';
import type { SimulatedCable } from './simulated-cable.js';

/** What calls are made with. */
export interface Line {
  readonly world: World;
  readonly cable: SimulatedCable;
  readonly program: Program<TransactionsApi>;
  /** Is told when a request has come, as Node tells it on a channel of its own. */
  readonly requestCame: (process: SimulatedProcess) => void;
}

/** The client's HTTP on virtual time: one connection for each order. */
export function postOver(line: Line): Post {
  return (order) => new Promise((resolve, reject) => new Call(line, { order, resolve, reject }).dial());
}

interface Asked {
  readonly order: TransferOrder;
  readonly resolve: (answer: Posted) => void;
  readonly reject: (error: Error) => void;
}

/** An order and its answer, over a connection of their own. */
class Call implements Connection {
  isOpen = true;

  constructor(
    private readonly line: Line,
    private readonly asked: Asked,
  ) {}

  dial(): void {
    const { world, cable } = this.line;
    world.after(ANSWER_MS_MAX * 1_000, 'answer overdue', () => this.drop());
    world.afterWay('dial service', () => {
      cable.opened(this);
      const arrive = () => this.handle();
      world.afterWay('request', () =>
        cable.passes({ connection: this, way: 'there', message: undefined, arrive }),
      );
    });
  }

  drop(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { reject } = this.asked;
    this.line.world.afterWay('connection dropped', () => reject(new Error('the connection broke')));
  }

  private handle(): void {
    const { world, cable, program, requestCame } = this.line;
    const { process, service } = program;
    if (!service || process.dead) return cable.farEndGone(this);
    process.onEnd.push(() => cable.farEndGone(this));
    const work = () => {
      requestCame(process);
      if (process.dead) return;
      const { key, amountMinor, ...accounts } = this.asked.order;
      const order = {
        kind: 'transfer',
        ...accounts,
        amountMinor: String(amountMinor),
        currency: CURRENCY,
      } as const;
      void service.api.order(key, order).then(
        (answer) => this.answer(process, answer),
        (error: unknown) => this.answer(process, problemIn(error)),
      );
    };
    world.after(0, 'handle request', work, process);
  }

  private answer(process: SimulatedProcess, { status, body }: Posted): void {
    const { world, cable } = this.line;
    const arrive = () => {
      if (!this.isOpen) return;
      this.isOpen = false;
      this.asked.resolve({ status, body });
    };
    const comeBy = () => cable.passes({ connection: this, way: 'back', message: undefined, arrive });
    world.afterTurn(process, () => void world.afterWay('answer', comeBy));
  }
}

/** What the service's filter makes of what was thrown. */
function problemIn(error: unknown): Posted {
  const { problem } = error as { readonly problem?: { readonly status: number } };
  return { status: problem?.status ?? 500, body: problem };
}
