import { Injectable } from '@nestjs/common';
import type { Caller, ProblemException } from '@app/service';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { IdempotencyKey } from '../idempotency/idempotency-key.js';
import {
  IdempotentRequests,
  type Decision,
  type IdempotentAnswer,
} from '../idempotency/idempotent-requests.js';
import type { RecordedAnswer } from '../idempotency/idempotency-records.js';
import { reversalOf, cashTransferOf, isVisibleTo, transferOf, transferRequested } from './transfer.rules.js';
import { viewOf, type CashOrder, type TransferOrder } from './transfer.schema.js';
import { TransferStore } from './transfer.store.js';
import type { Transfer } from './transfer.entity.js';
import { problemOf, transferProblems } from './transfers.errors.js';

/** Who orders, and under which key. */
export interface OrderedBy {
  readonly caller: Caller;
  readonly key: IdempotencyKey;
}

/**
 * Records transfers, and tells accounts. It never touches a broker: it emits. Every method throws what
 * {@link IdempotentRequests.run} throws, as a problem where the caller can do something about it.
 */
@Injectable()
export class TransfersService {
  constructor(
    private readonly requests: IdempotentRequests,
    private readonly transfers: TransferStore,
  ) {}

  order(order: TransferOrder, { caller, key }: OrderedBy): Promise<IdempotentAnswer> {
    return this.answer(key, (_manager, now) => this.accept(transferOf(order, { id: uuidv7(), caller, now })));
  }

  orderCash(
    kind: 'deposit' | 'withdrawal',
    order: CashOrder,
    { caller, key }: OrderedBy,
  ): Promise<IdempotentAnswer> {
    return this.answer(key, (_manager, now) =>
      this.accept(cashTransferOf(kind, order, { id: uuidv7(), caller, now })),
    );
  }

  /** Orders the opposite of a transfer. That it cannot be reversed is decided under its lock, and recorded. */
  reverse(id: string, { caller, key }: OrderedBy): Promise<IdempotentAnswer> {
    return this.answer(key, async (manager, now) => {
      const original = await this.transfers.lock(manager, id);
      if (!original) return this.refuse(transferProblems.of('transfer-not-found', { transferId: id }));
      const refusal = refusalToReverse(original, await this.transfers.reversalIdOf(manager, id));
      if (refusal) return this.refuse(refusal);
      return this.accept(reversalOf(original, { id: uuidv7(), caller, now }));
    });
  }

  /** Records any number of transfers at once, with one answer for all. */
  orderAll(
    { key }: OrderedBy,
    decide: (now: Date) => { readonly answer: RecordedAnswer; readonly transfers: readonly Transfer[] },
  ): Promise<IdempotentAnswer> {
    return this.answer(key, (_manager, now) => {
      const { answer, transfers } = decide(now);
      return this.decide(answer, transfers);
    });
  }

  /** @throws ProblemException 404 for one that is not the caller's to see, too */
  async get(id: string, caller: Caller): Promise<Transfer> {
    const transfer = await this.transfers.find(id);
    if (!transfer || !isVisibleTo(caller, transfer)) {
      throw transferProblems.of('transfer-not-found', { transferId: id });
    }
    return transfer;
  }

  private async answer(
    key: IdempotencyKey,
    decide: (manager: EntityManager, now: Date) => Decision | Promise<Decision>,
  ): Promise<IdempotentAnswer> {
    try {
      return await this.requests.run(key, decide);
    } catch (error) {
      throw problemOf(error);
    }
  }

  private accept(transfer: Transfer): Decision {
    const location = `/v1/transfers/${transfer.id}`;
    return this.decide({ status: 202, body: viewOf(transfer), location }, [transfer]);
  }

  private refuse({ problem }: ProblemException): Decision {
    return this.decide({ status: problem.status, body: problem }, []);
  }

  private decide(answer: RecordedAnswer, transfers: readonly Transfer[]): Decision {
    return {
      answer,
      write: (manager, key) => this.transfers.record(manager, key, transfers),
      events: transfers.map(transferRequested),
    };
  }
}

/** Why a transfer cannot be reversed; undefined if it can. */
function refusalToReverse(
  { id, kind, status }: Transfer,
  reversalId: string | undefined,
): ProblemException | undefined {
  if (kind === 'reversal' || status !== 'posted') {
    return transferProblems.of('transfer-not-reversible', { transferId: id, kind, transferStatus: status });
  }
  if (reversalId !== undefined) {
    return transferProblems.of('transfer-already-reversed', { transferId: id, reversalId });
  }
  return undefined;
}
