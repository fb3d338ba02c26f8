import type { BankEvents } from '@app/contracts';
import type { EventOf } from '@app/nats';
import { UnitOfWork } from '@app/outbox';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Settings } from '../settings.js';
import type { IdempotencyKey } from './idempotency-key.js';
import { IdempotencyRecords, type KeyParameters, type RecordedAnswer } from './idempotency-records.js';
import { idempotencyProblems } from './idempotency.errors.js';

/** What a request is answered, and everything that this answer stands for. */
export interface Decision {
  readonly answer: RecordedAnswer;
  /**
   * Writes the record and what belongs to it, in one statement that begins with `RECORD_KEY`.
   *
   * @returns false, with nothing written, if the key has a record that lives
   */
  readonly write: (manager: EntityManager, key: KeyParameters) => Promise<boolean>;
  /** Emitted if it is written. */
  readonly events: readonly EventOf<BankEvents>[];
}

/** An answer; `replayed` when it is the one of an earlier request under the same key. */
export interface IdempotentAnswer extends RecordedAnswer {
  readonly replayed: boolean;
}

/**
 * Answers each Idempotency-Key once. The record of a key is written in the transaction of what it stands for: both are
 * committed, or neither. So what is answered before the transaction is not recorded, and what is decided in it is,
 * refusals included.
 *
 * A key is `free → running → recorded → expired`, and an expired one is free:
 * - `running`: its lock is held by an open transaction; another request is told so at once (409). The end of the
 *   transaction, or of the process, leaves it.
 * - `recorded`: the same request is answered the same (replay), another one is refused (422).
 * - `expired`: its time is over; the row may still be there until the cleaner comes.
 */
@Injectable()
export class IdempotentRequests {
  constructor(
    private readonly unitOfWork: UnitOfWork<BankEvents>,
    private readonly records: IdempotencyRecords,
    private readonly settings: Settings,
  ) {}

  /**
   * @param decide reads, under locks of its own, and writes nothing: for a repeat its decision is thrown away
   * @throws ProblemException 409 while another request under the key runs, 422 if the key belongs to another request
   * @throws what `UnitOfWork.run` throws, with the {@link IdempotentAnswer} as its result
   */
  run(
    key: IdempotencyKey,
    decide: (manager: EntityManager, now: Date) => Decision | Promise<Decision>,
  ): Promise<IdempotentAnswer> {
    return this.unitOfWork.run(async ({ manager, emit }) => {
      const now = await this.records.lock(manager, key);
      if (!now) throw idempotencyProblems.of('idempotency-key-in-progress');
      const { answer, write, events } = await decide(manager, now);
      if (!(await write(manager, this.parametersOf(key, answer)))) return this.replay(manager, key);
      for (const event of events) emit(event);
      return { ...answer, replayed: false };
    });
  }

  private async replay(manager: EntityManager, key: IdempotencyKey): Promise<IdempotentAnswer> {
    const { fingerprint, answer } = await this.records.find(manager, key);
    if (fingerprint !== key.fingerprint) throw idempotencyProblems.of('idempotency-key-reused');
    return { ...answer, replayed: true };
  }

  private parametersOf({ scope, key, fingerprint }: IdempotencyKey, answer: RecordedAnswer): KeyParameters {
    const { status, body, location = null } = answer;
    const keepHours = this.settings.idempotencyKeepHours;
    return [scope, key, fingerprint, status, JSON.stringify(body), location, keepHours];
  }
}
