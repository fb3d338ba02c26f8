import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/audit.js';
import { until, within } from '../parts/deadline.js';
import type { CellStage } from './cell-stage.js';
import { Client, type CellAccounts } from './client.js';
import { PointNotReachedError, UnreachablePointReachedError } from './matrix.errors.js';
import type { Fault, Point } from './point.js';
import { settle } from './settle.js';
import type { Story } from './story.js';
import { verdictOn, type Verdicts } from './verdict.js';

/** What came of one cell. */
export interface CellResult {
  readonly verdict: Verdicts;
  readonly audit: Audit;
  readonly tookMs: number;
}

/** What leaves the client in doubt. */
const CABLE_IN_DOUBT = { 'answers-lost': 'lose-answers', 'first-request-cut': 'accept-and-close' } as const;
const STRIKE_MS_MAX = 30_000;
const ACCEPTED_MS_MAX = 40_000;
const MOVED_MS_MAX = 20_000;
const AMOUNT_MINOR = 10_00n;

/**
 * Plays one cell: a transfer meets the fault, everything that it broke is mended, all comes to rest, another transfer
 * shows that the bank works, and the auditor looks. Accounts of its own keep it apart from what was before.
 * @throws PointNotReachedError, UnreachablePointReachedError
 */
export async function runCell(point: Point, stage: CellStage, story?: Story): Promise<CellResult> {
  stage.begin();
  const accounts = await stage.openAccounts();
  story?.watch(accounts);
  return new Cell(point, stage, accounts, story).run();
}

class Cell {
  private readonly startedAt = performance.now();
  private readonly client: Client;

  constructor(
    private readonly point: Point,
    private readonly stage: CellStage,
    private readonly accounts: CellAccounts,
    private readonly story: Story | undefined,
  ) {
    this.client = new Client(stage.post, (text, back) => this.say(text, back));
  }

  async run(): Promise<CellResult> {
    const { point, stage, accounts, client } = this;
    const reachable = point.unreachable?.(stage.strategy) === undefined;
    const fault = await point.prepare(stage);
    await (reachable ? this.meet(fault) : this.miss(fault));
    const atRest = await settle(stage, accounts, client);
    await this.send();
    const audit = await settle(stage, accounts, client, atRest);
    return {
      verdict: reachable ? verdictOn(audit, client.wasInDoubt) : 'n/a',
      audit,
      tookMs: performance.now() - this.startedAt,
    };
  }

  private async meet(fault: Fault): Promise<void> {
    const { point, stage, story } = this;
    const { client: cable } = stage.cables;
    const { carried } = cable;
    if (point.doubt !== undefined) await cable.set(CABLE_IN_DOUBT[point.doubt]);
    const sending = this.send();
    sending.catch(() => undefined); // awaited below
    if (point.doubt === 'first-request-cut') {
      await until(
        'the first request to be cut off',
        STRIKE_MS_MAX,
        () => cable.carried > carried || undefined,
      );
      await cable.set('mended');
    }
    await until('the fault to strike', STRIKE_MS_MAX, async () =>
      (await fault.hasStruck()) ? true : undefined,
    ).catch((cause: unknown) => {
      throw new PointNotReachedError(point.name, stage.strategy.name, { cause });
    });
    story?.add({ kind: 'note', over: 'broker', text: `the fault strikes: ${point.title}` });
    await point.during?.(stage, { postAnother: () => this.postAnother() });
    await stage.mend();
    await sending;
    await (story === undefined ? stage.prove() : story.aside(() => stage.prove()));
  }

  /** The transfer passes by where the fault lies in wait. */
  private async miss(fault: Fault): Promise<void> {
    const { point, stage, accounts, client } = this;
    await this.send();
    await settle(stage, accounts, client);
    if (await fault.hasStruck()) throw new UnreachablePointReachedError(point.name, stage.strategy.name);
    await stage.mend();
  }

  private async send(): Promise<void> {
    const ending = new AbortController();
    const order = { key: randomUUID(), ...this.accounts, amountMinor: AMOUNT_MINOR };
    try {
      const { client } = this;
      await within('a transfer to be accepted', ACCEPTED_MS_MAX, client.insist(order, ending.signal));
    } finally {
      ending.abort();
    }
  }

  private say(text: string, back: boolean): void {
    const [from, to] = back ? (['transactions', 'client'] as const) : (['client', 'transactions'] as const);
    this.story?.add({ kind: 'message', from, to, text });
  }

  private async postAnother(): Promise<void> {
    const { stage, accounts } = this;
    const before = await stage.balanceOf(accounts.creditAccountId);
    await this.send();
    await until('the other transfer’s money to move', MOVED_MS_MAX, async () =>
      (await stage.balanceOf(accounts.creditAccountId)) > before ? true : undefined,
    );
  }
}
