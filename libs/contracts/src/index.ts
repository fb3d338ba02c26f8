export { bankEvents, type BankEvents } from './bank-events.js';
export {
  AMOUNT_MINOR_MAX,
  amountMinor,
  AUTHORITIES,
  CURRENCIES,
  currency,
  exponentOf,
  isSystemAccountId,
  REJECTION_REASONS,
  systemAccountId,
  TRANSFER_KINDS,
  type Authority,
  type RejectionReason,
  type TransferKind,
} from './values.js';
