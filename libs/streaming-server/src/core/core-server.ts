import type { Duplex } from 'node:stream';
import {
  AUTHENTICATION_TIMEOUT_MS,
  CONNECTIONS_MAX,
  PAYLOAD_MAX_BYTES,
  PENDING_MAX_BYTES,
  PING_INTERVAL_MS,
  PINGS_OUT_MAX,
  SWEEP_INTERVAL_MS,
  WRITE_DEADLINE_MS,
} from '../limits.js';
import { Authentication, type AuthenticationOptions } from './authentication.js';
import { Connection, type ConnectionHost } from './connection.js';
import { Router } from './router.js';

/** What one server is called in INFO. */
export interface ServerIdentity {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
}

/** Options of the core NATS part; all have the real server's defaults (see `limits.ts`). */
export interface CoreOptions {
  readonly authentication?: AuthenticationOptions;
  readonly connectionsMax?: number;
  readonly payloadMaxBytes?: number;
  readonly pendingMaxBytes?: number;
  readonly writeDeadlineMs?: number;
  readonly pingIntervalMs?: number;
  readonly pingsOutMax?: number;
}

/** The core NATS server: takes streams, whatever they come from, and connects them through the router. */
export class CoreServer implements ConnectionHost {
  readonly router = new Router();
  readonly authentication: Authentication;
  readonly payloadMaxBytes: number;
  readonly pendingMaxBytes: number;
  readonly pingIntervalMs: number;
  readonly connections = new Map<number, Connection>();
  connectionsTotal = 0;
  slowConsumersTotal = 0;
  private readonly connectionsMax: number;
  private readonly pingsOutMax: number;
  private readonly writeDeadlineMs: number;
  private readonly sweepTimer: NodeJS.Timeout;
  private dirty: Connection[] = [];
  private readonly dirtySet = new Set<Connection>();

  constructor(options: CoreOptions = {}) {
    this.authentication = new Authentication(options.authentication);
    this.payloadMaxBytes = options.payloadMaxBytes ?? PAYLOAD_MAX_BYTES;
    this.pendingMaxBytes = options.pendingMaxBytes ?? PENDING_MAX_BYTES;
    this.pingIntervalMs = options.pingIntervalMs ?? PING_INTERVAL_MS;
    this.connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    this.pingsOutMax = options.pingsOutMax ?? PINGS_OUT_MAX;
    this.writeDeadlineMs = options.writeDeadlineMs ?? WRITE_DEADLINE_MS;
    this.sweepTimer = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** Takes over a new client's stream and greets it. */
  accept(stream: Duplex, remoteAddress: string, identity: ServerIdentity): Connection {
    const connection = new Connection(++this.connectionsTotal, remoteAddress, stream, this);
    this.connections.set(connection.id, connection);
    const info = {
      server_id: identity.id,
      server_name: identity.name,
      version: identity.version,
      proto: 1,
      host: identity.host,
      port: identity.port,
      max_payload: this.payloadMaxBytes,
      client_id: connection.id,
      client_ip: remoteAddress,
      ...(this.authentication.required ? { auth_required: true } : {}),
    };
    connection.send(`INFO ${JSON.stringify(info)}\r\n`);
    if (this.connections.size > this.connectionsMax) connection.close('maximum connections exceeded');
    return connection;
  }

  markDirty(connection: Connection): void {
    if (this.dirtySet.has(connection)) return;
    this.dirtySet.add(connection);
    this.dirty.push(connection);
    if (this.dirty.length === 1) setImmediate(() => this.flush());
  }

  forget(connection: Connection): void {
    this.connections.delete(connection.id);
  }

  cutSlowConsumer(connection: Connection): void {
    this.slowConsumersTotal++;
    connection.destroy();
  }

  /** Closes every connection after writing what is queued for it. */
  stop(): void {
    clearInterval(this.sweepTimer);
    this.flush();
    for (const connection of this.connections.values()) connection.close();
  }

  /** Ends the connections that `stop` could not close because their clients don't read. */
  destroyAll(): void {
    for (const connection of this.connections.values()) connection.destroy();
  }

  private flush(): void {
    const dirty = this.dirty;
    this.dirty = [];
    this.dirtySet.clear();
    for (const connection of dirty) connection.flush();
  }

  /** One look at all deadlines: cheaper than a handful of timers for each connection. */
  private sweep(): void {
    const now = performance.now();
    for (const connection of this.connections.values()) {
      const { closingSinceMs, writingSinceMs } = connection;
      if (closingSinceMs !== undefined) {
        if (now - closingSinceMs > this.writeDeadlineMs) connection.destroy();
      } else if (writingSinceMs !== undefined && now - writingSinceMs > this.writeDeadlineMs) {
        this.cutSlowConsumer(connection);
      } else if (!connection.authenticated && now - connection.openedMs > AUTHENTICATION_TIMEOUT_MS) {
        connection.close('Authentication Timeout');
      } else if (now >= connection.nextPingMs) {
        this.ping(connection, now);
      }
    }
  }

  private ping(connection: Connection, now: number): void {
    connection.nextPingMs = now + this.pingIntervalMs;
    if (now - connection.lastInputMs < this.pingIntervalMs) return;
    if (connection.pingsOut + 1 > this.pingsOutMax) return connection.close('Stale Connection');
    connection.pingsOut++;
    connection.send('PING\r\n');
  }
}
