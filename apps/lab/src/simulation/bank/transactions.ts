import { catalogOf, type Migration } from './catalogs.js';
import type { Catalog } from '../database/catalog.js';
import { loadLibraries, loadService, type Libraries, type Made } from './service-modules.js';
import type { Injected, OwnPart } from './service.js';

/** What a client orders; the names are those of the API. */
export type Order =
  | {
      readonly kind: 'transfer';
      readonly debitAccountId: string;
      readonly creditAccountId: string;
      readonly amountMinor: string;
      readonly currency: string;
    }
  | {
      readonly kind: 'deposit' | 'withdrawal';
      readonly accountId: string;
      readonly amountMinor: string;
      readonly currency: string;
    };

/** What a request is answered. */
export interface OrderAnswer {
  readonly status: number;
  readonly body: { readonly id?: string };
}

/** What clients ask of `transactions`. */
export interface TransactionsApi {
  /** Rejects with a problem, whose `problem.status` is HTTP's. */
  order(key: string, order: Order): Promise<OrderAnswer>;
}

interface OrderedBy {
  readonly caller: object;
  readonly key: object;
}

interface TransfersService {
  order(order: object, by: OrderedBy): Promise<OrderAnswer>;
  orderCash(kind: string, order: object, by: OrderedBy): Promise<OrderAnswer>;
}

interface TransactionsModules {
  readonly CreateTransfers1767225600001: Migration;
  readonly IdempotencyAnswers1767312000001: Migration;
  readonly TransferKinds1767312000002: Migration;
  readonly idempotencyKeyOf: (header: string, request: object) => object;
  readonly IdempotencyRecords: Made<object>;
  readonly IdempotentRequests: Made<object>;
  readonly TransferStore: Made<object>;
  readonly TransfersService: Made<TransfersService>;
  readonly TransferOutcomeStore: Made<object>;
  readonly TransferOutcomesController: Made<{
    posted(event: never): Promise<void>;
    rejected(event: never): Promise<void>;
  }>;
}

const FILES = [
  'idempotency/idempotency-answers.migration',
  'idempotency/idempotency-key',
  'idempotency/idempotency-records',
  'idempotency/idempotent-requests',
  'transfers/create-transfers.migration',
  'transfers/transfer-kinds.migration',
  'transfers/transfer-outcome.store',
  'transfers/transfer-outcomes.controller',
  'transfers/transfer.store',
  'transfers/transfers.service',
];

/** Everybody is the bank: access is off. */
const CALLER = { subject: undefined, scopes: new Set(['bank:admin']) };
const SETTINGS = { idempotencyKeepHours: 24 };
/** Who waits for an outcome is told by hints, on which nothing depends. */
const NO_HINTS = { settled: () => undefined };
const PATHS = { transfer: '/v1/transfers', deposit: '/v1/deposits', withdrawal: '/v1/withdrawals' };

/** A service, loaded once for all schedules. */
export interface LoadedService<Api> {
  readonly libraries: Libraries;
  readonly catalog: Catalog;
  readonly own: (injected: Injected) => OwnPart<Api>;
}

export async function loadTransactions(): Promise<LoadedService<TransactionsApi>> {
  const libraries = await loadLibraries('transactions');
  const modules = (await loadService('transactions', FILES)) as TransactionsModules;
  const catalog = await catalogOf(libraries, [
    modules.CreateTransfers1767225600001,
    modules.IdempotencyAnswers1767312000001,
    modules.TransferKinds1767312000002,
  ]);
  return { libraries, catalog, own: (injected) => ownPart(modules, injected) };
}

function ownPart(modules: TransactionsModules, injected: Injected): OwnPart<TransactionsApi> {
  const { dataSource, unitOfWork, inbox } = injected;
  const records = make(modules.IdempotencyRecords, dataSource);
  const requests = make(modules.IdempotentRequests, unitOfWork, records, SETTINGS);
  const transfers = make(modules.TransfersService, requests, make(modules.TransferStore, dataSource));
  const outcomeStore = make(modules.TransferOutcomeStore);
  const outcomes = make(modules.TransferOutcomesController, inbox, outcomeStore, NO_HINTS);
  return {
    handlers: {
      'transfer.posted': (event) => outcomes.posted(event),
      'transfer.rejected': (event) => outcomes.rejected(event),
    },
    api: {
      order: (header, { kind, ...body }) => {
        const key = modules.idempotencyKeyOf(header, { caller: CALLER, path: PATHS[kind], body });
        const by = { caller: CALLER, key };
        return kind === 'transfer' ? transfers.order(body, by) : transfers.orderCash(kind, body, by);
      },
    },
  };
}

/** As Nest does: what the constructor takes is known to the class, and not to the one who makes it. */
export function make<Instance>(Class: Made<Instance>, ...parts: readonly unknown[]): Instance {
  return new Class(...(parts as never[]));
}
