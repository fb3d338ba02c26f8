import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IdempotencyRecords } from './idempotency-records.js';

/** Between two rounds, in ms: what is expired is as good as gone anyway, this is about room. */
const ROUND_EVERY_MS = 60_000;
/** Small, so that no statement holds many locks or takes long. */
const BATCH_MAX = 1_000;

/** Deletes expired keys, in small batches; any number of instances may do so at once. */
@Injectable()
export class IdempotencyCleaner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('IdempotencyCleaner');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly records: IdempotencyRecords) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.clean(), ROUND_EVERY_MS);
  }

  /** Resolves when the batch in flight has ended. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** One round: until no expired key is left. While one runs, the same round is answered. */
  clean(): Promise<void> {
    this.round ??= this.deleteAll().finally(() => (this.round = undefined));
    return this.round;
  }

  private async deleteAll(): Promise<void> {
    try {
      while (!this.stopping && (await this.records.deleteExpired(BATCH_MAX)) === BATCH_MAX);
    } catch (error) {
      this.logger.warn(`Expired idempotency keys are kept for another round: ${String(error)}`);
    }
  }
}
