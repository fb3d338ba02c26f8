import { bankEvents, type BankEvents } from '@app/contracts';
import type { EventData, EventOf } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import type { Scope } from '@app/service';
import { Module, type CanActivate, type DynamicModule, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { NO_BROKER, ServiceUnderTest, type Answer } from '../../../test/service-under-test.js';
import { AppModule } from '../src/app.module.js';
import { environmentSchema } from '../src/config.js';
import type { AccountOpening, AccountView } from '../src/accounts/account.schema.js';
import { emptyLedger } from './empty-ledger.js';

/** Who asks, for a spec: `as({ subject: 'ada', scopes: ['accounts:read'] })`. */
export interface TestCaller {
  readonly subject: string;
  readonly scopes: readonly Scope[];
}

/** A request of a spec. */
export interface TestRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Default: anybody, as where access is off. */
  readonly as?: TestCaller;
}

const CALLER_HEADER = 'x-test-caller';

/** Takes the caller from a header, whatever guard comes before or after it. */
class TestCallerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const given = request.headers[CALLER_HEADER];
    if (given === undefined) return true;
    const { subject, scopes } = JSON.parse(given) as TestCaller;
    const caller = { subject, scopes: new Set(scopes) };
    Object.defineProperty(request, 'caller', { get: () => caller, set: () => undefined });
    return true;
  }
}

@Module({})
class ModuleWithCallers {
  static for(module: DynamicModule): DynamicModule {
    return {
      module: ModuleWithCallers,
      imports: [module],
      providers: [{ provide: APP_GUARD, useClass: TestCallerGuard }],
    };
  }
}

/** The tables of outbox and inbox. */
const TRAFFIC = [
  'outbox_key',
  'outbox_lane',
  'outbox_message',
  'inbox_message',
  'inbox_key',
  'inbox_dead_letter',
];

/** What must be empty whatever happened. */
const WRONG_BOOKS = `
  select 'balance of ' || account.id as fault
  from account left join entry on entry.account_id = account.id
  group by account.id having balance_minor <> coalesce(sum(amount_minor), 0)
  union all
  select 'posting ' || posting_id from entry
  group by posting_id having sum(amount_minor) <> 0 or count(*) <> 2
  union all
  select 'sum of ' || currency from account group by currency having sum(balance_minor) <> 0
  union all
  select 'below zero: ' || id from account where kind = 'customer' and balance_minor < 0
  union all
  select 'both ways: ' || transfer_id from posting join rejection using (transfer_id)`;

type RequestedData = EventData<BankEvents, 'transfer.requested'>;

/** The whole service on a database of its own, with a fake bus in place of the broker. */
export class AccountsUnderTest {
  private constructor(
    readonly service: ServiceUnderTest,
    private readonly database: TestDatabase,
    private readonly bus: FakeMessageBus,
  ) {}

  /** @param settings environment variables besides what every spec needs */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<AccountsUnderTest> {
    const database = await createTestDatabase();
    const environment = environmentSchema.parse({ ...NO_BROKER, ...settings, DATABASE_URL: database.url });
    const bus = new FakeMessageBus();
    const module = ModuleWithCallers.for(AppModule.for(environment));
    return new AccountsUnderTest(await ServiceUnderTest.start(module, bus), database, bus);
  }

  get dataSource(): DataSource {
    return this.service.app.get(DataSource);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.database.drop();
  }

  /** Checks the books, and empties them. */
  async reset(): Promise<void> {
    const faults = await this.rows(WRONG_BOOKS);
    await emptyLedger(this.dataSource, TRAFFIC);
    if (faults.length > 0) throw new Error(`The books are wrong: ${JSON.stringify(faults)}`);
  }

  rows<Row extends object = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query<Row[]>(sql, values);
  }

  async request(method: string, path: string, { headers, body, as }: TestRequest = {}): Promise<Answer> {
    const response = await fetch((await this.service.app.getUrl()) + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(as && { [CALLER_HEADER]: JSON.stringify(as) }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = <T>() => JSON.parse(text) as T;
    return { status: response.status, headers: response.headers, text, json };
  }

  /** Opens an account. @returns its id */
  async open(
    openingBalanceMinor: string,
    opening: Partial<Pick<AccountOpening, 'owner' | 'currency'>> = {},
  ): Promise<string> {
    const body = { owner: 'ada', currency: 'EUR', openingBalanceMinor, ...opening };
    const answer = await this.request('POST', '/v1/accounts', { body });
    if (answer.status !== 201) throw new Error(`No account was opened: ${answer.text}`);
    return answer.json<AccountView>().id;
  }

  async account(id: string): Promise<AccountView> {
    return (await this.request('GET', `/v1/accounts/${id}`)).json<AccountView>();
  }

  async balance(id: string): Promise<number> {
    return Number((await this.account(id)).balanceMinor);
  }

  /** Hands the service a `transfer.requested`; rejects as its handler does. */
  async deliver(event: EventOf<BankEvents, 'transfer.requested'>): Promise<void> {
    await this.bus.deliver('transfer.requested', JSON.stringify(event));
  }

  /** Asks for a transfer under an event id of its own, and tells how the service says that it ended. */
  async settle(debitAccountId: string, creditAccountId: string, change: Partial<RequestedData> = {}) {
    const event = requested(debitAccountId, creditAccountId, change);
    await this.deliver(event);
    return (await this.emitted()).filter(({ subject }) => subject === event.data.transferId).map(endOf);
  }

  /** The events that were emitted, in their order. */
  async emitted() {
    const rows = await this.rows<{ type: string; envelope: string }>(
      'select type, envelope from outbox_message order by created_at, sequence',
    );
    return rows.map(({ type, envelope }) =>
      bankEvents.decode(type as 'transfer.posted' | 'transfer.rejected', envelope),
    );
  }
}

/** A request of 1.00 EUR by the bank, unless it says otherwise. */
export function requested(
  debitAccountId: string,
  creditAccountId: string,
  change: Partial<RequestedData> = {},
): EventOf<BankEvents, 'transfer.requested'> {
  const data: RequestedData = {
    transferId: uuidv7(),
    debitAccountId,
    creditAccountId,
    amountMinor: '100',
    currency: 'EUR',
    requestedAt: '2026-01-02T03:04:05.678Z',
    kind: 'transfer',
    authority: 'bank',
    ...change,
  };
  return bankEvents.create('transfer.requested', data, { subject: data.transferId });
}

/** How a transfer ended: `posted`, or why not. */
export function endOf(event: EventOf<BankEvents, 'transfer.posted' | 'transfer.rejected'>): string {
  return event.type === 'transfer.posted' ? 'posted' : event.data.reason;
}
