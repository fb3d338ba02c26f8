import { emptyTables } from '@app/outbox/testing';
import type { DataSource } from 'typeorm';

const LEDGER = ['account', 'posting', 'entry', 'rejection', 'settlement'];

/** Empties the ledger's tables and the others named, for a spec's `afterEach`. The ledger refuses that to everybody else. */
export function emptyLedger(dataSource: DataSource, others: readonly string[] = []): Promise<void> {
  return emptyTables(dataSource, [...LEDGER, ...others]);
}
