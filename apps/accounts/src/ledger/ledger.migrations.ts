import { AccountStanding1767225600010 } from './account-standing.migration.js';
import { CreateLedger1767225600002 } from './create-ledger.migration.js';
import { LedgerGuards1767225600012 } from './ledger-guards.migration.js';
import { TransferSettlement1767225600011 } from './transfer-settlement.migration.js';

/** The migrations of the ledger, in their order. */
export const LEDGER_MIGRATIONS = [
  CreateLedger1767225600002,
  AccountStanding1767225600010,
  TransferSettlement1767225600011,
  LedgerGuards1767225600012,
];
