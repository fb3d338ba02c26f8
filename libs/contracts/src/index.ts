export { bankEvents, type BankEvents } from './bank-events.js';
export { amountMinor, currency, REJECTION_REASONS, type RejectionReason } from './values.js';
