import { catalogOf, type Migration } from './catalogs.js';
import { loadLibraries, loadService, type Made } from './service-modules.js';
import type { Injected, OwnPart } from './service.js';
import { make, type LoadedService } from './transactions.js';

/** What is asked of `accounts`: before a schedule begins. */
export interface AccountsApi {
  /** @returns the account's id */
  open(account: {
    owner: string;
    currency: string;
    openingBalanceMinor: bigint;
  }): Promise<{ readonly id: string }>;
}

interface AccountsModules {
  readonly LEDGER_MIGRATIONS: readonly Migration[];
  readonly Ledger: Made<object>;
  readonly TransferRequestsController: Made<{ requested(event: never): Promise<void> }>;
  readonly AccountsService: Made<AccountsApi>;
}

const FILES = [
  'accounts/accounts.service',
  'ledger/ledger',
  'ledger/ledger.migrations',
  'ledger/transfer-requests.controller',
];

/** As by default: none but what a transfer may be of. */
const LIMITS = { transferMinor: 999_999_999_999_999n, dailyMinor: undefined };

export async function loadAccounts(): Promise<LoadedService<AccountsApi>> {
  const libraries = await loadLibraries('accounts');
  const modules = (await loadService('accounts', FILES)) as AccountsModules;
  const catalog = await catalogOf(libraries, modules.LEDGER_MIGRATIONS);
  return { libraries, catalog, own: (injected) => ownPart(modules, injected) };
}

function ownPart(modules: AccountsModules, injected: Injected): OwnPart<AccountsApi> {
  const { dataSource, unitOfWork, inbox } = injected;
  const requests = make(modules.TransferRequestsController, inbox, make(modules.Ledger, LIMITS));
  return {
    handlers: { 'transfer.requested': (event) => requests.requested(event) },
    api: make(modules.AccountsService, unitOfWork, dataSource),
  };
}
