import { DataSource } from 'typeorm';
import { Tables } from '../../schema/tables.js';
import { OutboxOperations } from '../outbox-operations.js';
import { seenByInbox } from '../sql/seen-by-inbox.js';
import { tableNamesOf, type OutboxCommand } from './command-line.js';

/** A command that works on a database. */
export type DatabaseCommand = Exclude<OutboxCommand, { readonly name: 'sql' }>;

/**
 * @param warn takes what is dropped, whole
 * @returns what it gave; nothing where there is no message of the id that was asked for
 */
export async function execute(
  command: DatabaseCommand,
  warn: (text: string) => void,
): Promise<object | undefined> {
  return withDatabase(command.flags.database, async (dataSource) => {
    // Whose relay it is runs in another process, and polls.
    const operations = new OutboxOperations(dataSource, command.tables, () => undefined, { warn });
    return run(command, operations);
  });
}

async function run(command: DatabaseCommand, operations: OutboxOperations): Promise<object | undefined> {
  switch (command.name) {
    case 'list':
      return operations.list({
        state: command.flags.state,
        ...present(command.flags, ['key', 'type', 'limit', 'after']),
      });
    case 'show':
      return operations.show(command.flags.ids[0] ?? '');
    case 'requeue': {
      const { ids, key, type } = command.flags;
      const selection = key !== undefined ? { key } : type !== undefined ? { type } : ids;
      return { requeued: await operations.requeue(selection) };
    }
    case 'drop':
      return { dropped: await operations.drop(command.flags.ids, command.flags) };
    case 'stats':
      return operations.stats();
    case 'replay':
      return operations.replay(present(command.flags, ['key', 'type', 'from', 'to', 'limit']));
    case 'reconcile':
      return { resent: await reconcileWith(command.flags, operations) };
  }
}

async function reconcileWith(
  flags: Extract<OutboxCommand, { readonly name: 'reconcile' }>['flags'],
  operations: OutboxOperations,
): Promise<string[]> {
  const tables = new Tables(tableNamesOf({ schema: flags['inbox-schema'], prefix: flags['inbox-prefix'] }));
  return withDatabase(flags.inbox, (dataSource) => {
    const sql = tables.on(dataSource);
    return operations.reconcile(
      (ids, sources) => seenByInbox(sql, ids, sources),
      present(flags, ['from', 'to']),
    );
  });
}

async function withDatabase<Result>(
  url: string,
  work: (dataSource: DataSource) => Promise<Result>,
): Promise<Result> {
  const dataSource = new DataSource({ type: 'postgres', url, applicationName: 'outbox', poolSize: 6 });
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** The members that were given, out of those that are named. */
function present<Flags extends object, Name extends keyof Flags>(
  flags: Flags,
  names: readonly Name[],
): { [Member in Name]?: Exclude<Flags[Member], undefined> } {
  const given = names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]);
  return Object.fromEntries(given) as { [Member in Name]?: Exclude<Flags[Member], undefined> };
}
