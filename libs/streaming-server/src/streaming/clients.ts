import type { Log } from '../log.js';
import {
  DUPLICATE_CLIENT_CHECK_MS,
  HEARTBEAT_FAILURES_MAX,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
} from '../limits.js';
import type { ClientRecord, StateJournal } from '../store/state-journal.js';
import { Client } from './client.js';
import type { Requests } from './requests.js';
import type { TimerWheel } from './timer-wheel.js';

/** How the server finds out that a client is gone. */
export interface HeartbeatOptions {
  /** Between an answer and the next question. Default 30 s. */
  readonly intervalMs?: number;
  /** How long to wait for the answer. Default 10 s. */
  readonly timeoutMs?: number;
  /** More failures in a row than this, and the client is closed. Default 10. */
  readonly failuresMax?: number;
}

interface ClientsContext {
  readonly wheel: TimerWheel;
  readonly requests: Requests;
  readonly journal: StateJournal;
  readonly log: Log;
  /** Closes the client's subscriptions before it is forgotten. */
  readonly closeMembers: (client: Client) => void;
}

/** The registered clients, and whether they still live. */
export class Clients {
  readonly byId = new Map<string, Client>();
  private readonly byConnectionId = new Map<string, Client>();
  /** Ids whose registered client is being asked whether it lives. */
  private readonly checking = new Set<string>();
  private readonly heartbeat: Required<HeartbeatOptions>;

  constructor(
    private readonly context: ClientsContext,
    heartbeat: HeartbeatOptions = {},
  ) {
    this.heartbeat = {
      intervalMs: heartbeat.intervalMs ?? HEARTBEAT_INTERVAL_MS,
      timeoutMs: heartbeat.timeoutMs ?? HEARTBEAT_TIMEOUT_MS,
      failuresMax: heartbeat.failuresMax ?? HEARTBEAT_FAILURES_MAX,
    };
  }

  restore(records: readonly ClientRecord[]): void {
    for (const record of records) this.register(record);
  }

  byConnection(connectionId: string): Client | undefined {
    return this.byConnectionId.get(connectionId);
  }

  /** By the connection if the request names one: an id may meanwhile be somebody else's. */
  find(clientId: string, connectionId: string): Client | undefined {
    return connectionId === '' ? this.byId.get(clientId) : this.byConnectionId.get(connectionId);
  }

  /**
   * Registers a client. If its id is taken, the one who has it is asked first: when it answers, the new one is
   * refused (`done(false)`); when it is gone, it is closed and replaced.
   */
  connect(record: ClientRecord, done: (accepted: boolean) => void): void {
    const { clientId } = record;
    const registered = this.byId.get(clientId);
    if (registered === undefined) {
      this.add(record);
      return done(true);
    }
    if (this.checking.has(clientId)) return done(false);
    this.checking.add(clientId);
    this.context.requests.ask(registered.record.heartbeatInbox, DUPLICATE_CLIENT_CHECK_MS, (alive) => {
      this.checking.delete(clientId);
      if (alive) return done(false);
      // It may have closed itself meanwhile.
      if (this.byId.get(clientId) === registered) this.close(registered);
      this.add(record);
      done(true);
    });
  }

  close(client: Client): void {
    this.context.closeMembers(client);
    this.context.wheel.cancel(client);
    this.byId.delete(client.id);
    this.byConnectionId.delete(client.record.connectionId);
    this.context.journal.removeClient(client.id);
  }

  /** A client with failed heartbeats showed that it lives: asks it at once. */
  pinged(client: Client): void {
    if (client.failedHeartbeats > 0) this.context.wheel.schedule(client, performance.now());
  }

  private add(record: ClientRecord): void {
    this.context.journal.saveClient(record);
    this.register(record);
  }

  private register(record: ClientRecord): void {
    const client = new Client(record, (due) => this.checkHealth(due));
    this.byId.set(client.id, client);
    if (record.connectionId !== '') this.byConnectionId.set(record.connectionId, client);
    this.scheduleHeartbeat(client);
  }

  private checkHealth(client: Client): void {
    const { timeoutMs, failuresMax } = this.heartbeat;
    this.context.requests.ask(client.record.heartbeatInbox, timeoutMs, (alive) => {
      if (this.byId.get(client.id) !== client) return;
      client.failedHeartbeats = alive ? 0 : client.failedHeartbeats + 1;
      if (client.failedHeartbeats > failuresMax) {
        this.context.log.error(`[Client:${client.id}] Timed out on heartbeats`);
        this.close(client);
      } else {
        this.scheduleHeartbeat(client);
      }
    });
  }

  private scheduleHeartbeat(client: Client): void {
    this.context.wheel.schedule(client, performance.now() + this.heartbeat.intervalMs);
  }
}
