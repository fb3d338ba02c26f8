/** The only file that knows where the built library is, and how its parts are put together. */
import { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  defineEvent,
  defineEvents,
  NatsConnection,
  natsEnvironment,
  natsOptionsFrom,
  parseEnvironment,
} from '../../dist/apps/transactions/libs/nats/src/index.js';
import { createBus } from '../../dist/apps/transactions/libs/nats/src/driver.js';
import { RELAY_DEFAULTS } from '../../dist/apps/transactions/libs/outbox/src/outbox.options.js';
import { Relay } from '../../dist/apps/transactions/libs/outbox/src/relay/relay.js';
import { UnitOfWork } from '../../dist/apps/transactions/libs/outbox/src/unit-of-work.js';
import { CREATE_OUTBOX } from '../../dist/apps/transactions/libs/outbox/src/schema/create-outbox.sql.js';
import { CLAIM_LANES, CLAIM_SUSPECT } from '../../dist/apps/transactions/libs/outbox/src/sql/claim-lanes.js';
import { READ_RUNS } from '../../dist/apps/transactions/libs/outbox/src/sql/read-runs.js';
import { RECOVER_LANES } from '../../dist/apps/transactions/libs/outbox/src/sql/recover-lanes.js';
import { SETTLE_LANES } from '../../dist/apps/transactions/libs/outbox/src/sql/settle-lanes.js';
import {
  STORE_MESSAGES,
  storeMessages,
} from '../../dist/apps/transactions/libs/outbox/src/sql/store-messages.js';
import { Tables } from '../../dist/apps/transactions/libs/outbox/src/schema/tables.js';

import { OutboxStrategy } from '../../dist/apps/transactions/libs/outbox/src/strategies/outbox.strategy.js';
import { CHANNEL } from './events.mjs';

export { RELAY_DEFAULTS, storeMessages };

export const tables = new Tables();

/** What the library's statements are called here. */
export const STATEMENT_NAMES = new Map(
  Object.entries({
    claim: CLAIM_LANES,
    'claim one alone': CLAIM_SUSPECT,
    read: READ_RUNS,
    settle: SETTLE_LANES,
    recover: RECOVER_LANES,
    store: STORE_MESSAGES,
  }).map(([name, sql]) => [tables.text(sql), name]),
);

/** A pool whose statements can be told apart by its name; see `statements.mjs`. */
export function openDataSource(url, { name = 'bench', poolSize = 12, sessionOptions } = {}) {
  return new DataSource({
    type: 'postgres',
    url,
    poolSize,
    applicationName: name,
    extra: sessionOptions === undefined ? {} : { options: sessionOptions },
  }).initialize();
}

/** The library's own bus, connected. */
export async function openBus({ url, clusterId }) {
  const environment = parseEnvironment(z.object(natsEnvironment), {
    NATS_URL: url,
    NATS_CLUSTER_ID: clusterId,
    NATS_CLIENT_ID: `bench-${process.pid}`,
  });
  const connection = new NatsConnection(natsOptionsFrom(environment, { service: 'bench', startup: 'wait' }));
  await connection.connect();
  return createBus(connection);
}

export function createRelay({ dataSource, bus, options = {} }) {
  return new Relay({ dataSource, tables, bus, options: { ...RELAY_DEFAULTS, ...options }, types: {} });
}

/** What a service's transactions emit. */
export const registry = defineEvents('urn:bench:event', {
  [CHANNEL]: defineEvent({
    version: '1.0',
    source: '/bench',
    data: z.object({
      account: z.string(),
      amountMinor: z.string(),
      currency: z.string(),
      transferId: z.uuid(),
    }),
    key: ({ account }) => account,
  }),
});

export function createUnitOfWork({ dataSource, relay }) {
  return new UnitOfWork(dataSource, new OutboxStrategy(tables, relay), registry, {});
}

/** Makes the tables in an empty database, with a partition that holds for as long as a run takes. */
export async function createOutbox(dataSource) {
  for (const statement of CREATE_OUTBOX) await dataSource.query(tables.text(statement));
  await dataSource.query(`
    do $$ begin execute format(
      'create table outbox_message_bench partition of outbox_message for values from (%L) to (%L)',
      current_date - 1, current_date + 2
    ); end $$`);
}
