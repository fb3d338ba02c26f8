import { Injectable } from '@nestjs/common';
import type { Caller } from '@app/service';
import { SettlementWaiters } from './settlement-waiters.js';
import type { Transfer } from './transfer.entity.js';
import { TransfersService } from './transfers.service.js';

/** How long to wait for an outcome. */
export interface WaitOptions {
  readonly seconds: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Waits for the outcome of a transfer without asking the database again and again. */
@Injectable()
export class TransferSettlements {
  constructor(
    private readonly transfers: TransfersService,
    private readonly waiters: SettlementWaiters,
  ) {}

  /**
   * The transfer as soon as it is settled, or as it is at the deadline: one look at the start, one for each reason to
   * look, and one at the deadline.
   *
   * @returns `waited` is false if too many wait already, or the service is stopping
   * @throws ProblemException 404
   */
  async wait(
    id: string,
    caller: Caller,
    { seconds, signal }: WaitOptions,
  ): Promise<{ readonly transfer: Transfer; readonly waited: boolean }> {
    const waiter = this.waiters.join(id, signal);
    const deadline = performance.now() + seconds * 1_000;
    let transfer = await this.transfers.get(id, caller);
    if (!waiter) return { transfer, waited: false };
    for (let woken = true; woken && transfer.status === 'pending' && !this.waiters.stopping;) {
      woken = await waiter.next(deadline - performance.now());
      if (!signal.aborted) transfer = await this.transfers.get(id, caller);
    }
    return { transfer, waited: true };
  }
}
