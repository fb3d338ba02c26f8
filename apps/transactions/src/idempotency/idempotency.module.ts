import { Module } from '@nestjs/common';
import { IdempotencyCleaner } from './idempotency-cleaner.js';
import { IdempotencyRecords } from './idempotency-records.js';
import { IdempotentRequests } from './idempotent-requests.js';

@Module({
  providers: [IdempotentRequests, IdempotencyRecords, IdempotencyCleaner],
  exports: [IdempotentRequests],
})
export class IdempotencyModule {}
