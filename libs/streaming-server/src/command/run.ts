import type { AuthenticationOptions } from '../core/authentication.js';
import { ConfigurationError } from '../errors.js';
import type { Log } from '../log.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store, StoreLimits } from '../store/store.js';
import type { HeartbeatOptions } from '../streaming/clients.js';
import { StreamingServer } from '../streaming-server.js';
import type { CommandSettings } from './flags.js';

const DEFAULT_PORT = 4222;

/** Starts the server that the command line describes. Throws as `StreamingServer.start` does. */
export async function run(settings: CommandSettings, log: Log): Promise<StreamingServer> {
  const server = await StreamingServer.start({
    port: settings.port ?? DEFAULT_PORT,
    store: await createStore(settings, log),
    authentication: authentication(settings),
    heartbeat: heartbeat(settings),
    log,
    ...(settings.monitorPort === undefined ? {} : { monitorPort: settings.monitorPort }),
    ...(settings.host === undefined ? {} : { host: settings.host }),
    ...(settings.clusterId === undefined ? {} : { clusterId: settings.clusterId }),
  });
  if (server.monitorUrl !== undefined) log.notice(`Monitoring page at ${server.monitorUrl}`);
  log.notice(`Listening for client connections on ${server.host}:${server.port}`);
  return server;
}

async function createStore(settings: CommandSettings, log: Log): Promise<Store> {
  const { channelsMax, messagesMax, bytesMax, ageMaxMs, subscriptionsMax } = settings;
  const limits = withoutUndefined<StoreLimits>({
    channelsMax,
    messagesMax,
    bytesMax,
    ageMaxMs,
    subscriptionsMax,
  });
  const kind = (settings.store ?? 'MEMORY').toUpperCase();
  if (kind === 'MEMORY') return new MemoryStore(limits);
  if (kind === 'FILE') {
    const { directory, fileSync: sync = true } = settings;
    if (directory === undefined)
      throw new ConfigurationError('--store FILE needs --dir, the directory to keep it in');
    // Loaded only when wanted: the command is to listen at once.
    const { FileStore } = await import('../store/file/file-store.js');
    return new FileStore({ directory, sync, limits, log });
  }
  throw new ConfigurationError(`--store ${kind}: expected MEMORY or FILE`);
}

function authentication(settings: CommandSettings): AuthenticationOptions {
  const { user, pass = '', token } = settings;
  return {
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { users: [{ user, pass }] }),
  };
}

function heartbeat(settings: CommandSettings): HeartbeatOptions {
  return withoutUndefined<HeartbeatOptions>({
    intervalMs: settings.heartbeatIntervalMs,
    timeoutMs: settings.heartbeatTimeoutMs,
    failuresMax: settings.heartbeatFailuresMax,
  });
}

function withoutUndefined<T>(values: { [K in keyof T]?: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
