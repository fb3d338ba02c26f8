/** The program of a run's relay: the library's own, with nothing around it. Its settings stand in LAB_RELAY. */
import { ServiceProcess } from '@app/nats';
import { subscribe } from 'node:diagnostics_channel';
import { DataSource } from 'typeorm';
import { openApplication, type HistorySettings } from './history-application.js';

/** The settings of one relay. */
export interface RelaySettings extends HistorySettings {
  /** After the first acknowledgement a connection of the pool is kept busy for so long; default: none is. */
  readonly busyConnectionMs?: number;
}

const SHUTDOWN_MS = 10_000;

const settings = JSON.parse(process.env['LAB_RELAY'] ?? '{}') as RelaySettings;
const application = await openApplication(settings);
const { busyConnectionMs } = settings;
if (busyConnectionMs !== undefined) {
  const occupy = async () => {
    await application.get(DataSource).query('select pg_sleep($1)', [busyConnectionMs / 1_000]);
    console.log('The connection is free again');
  };
  let occupied: Promise<void> | undefined;
  subscribe('outbox.relay.acked', () => void (occupied ??= occupy()));
}
await new ServiceProcess(application, SHUTDOWN_MS).run(() => Promise.resolve());
console.log(`Relay ${settings.clientId} runs`);
