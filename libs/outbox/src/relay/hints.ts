import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Tables } from '../schema/tables.js';

/** Commits within this time, in ms, share one hint: under load a relay is awake anyway. */
const COALESCE_MS = 20;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LONGEST_MS = 10_000;

/** What of the raw client of a connection is used here; TypeORM types it as `any`. */
interface NotifiedClient {
  on(event: 'notification' | 'end' | 'error', listener: () => void): unknown;
  off(event: 'notification' | 'end' | 'error', listener: () => void): unknown;
}

/** The channel of `NOTIFY`, one for each outbox of a database. */
function channelOf(tables: Tables): string {
  return tables.text('outbox_hint').replaceAll('"', '').replace('.', '_');
}

/**
 * Tells relays in other processes that something was committed. A hint is sent in a statement of its own, after the
 * commit and outside it: `NOTIFY` in a transaction takes a lock that all committing transactions share. Nothing
 * depends on a hint: one that is lost is made up for by the relay's next poll.
 */
export class HintSender {
  private readonly logger = new Logger('OutboxHints');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  /** Sends a hint soon; what comes until then is told by the same one. */
  wake(): void {
    this.timer ??= setTimeout(() => void this.send(), COALESCE_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async send(): Promise<void> {
    this.timer = undefined;
    try {
      await this.dataSource.query(`select pg_notify($1, '')`, [channelOf(this.tables)]);
    } catch (error) {
      this.logger.warn(`No hint was sent to the relay; it polls: ${String(error)}`);
    }
  }
}

/**
 * Wakes a relay by the hints of other processes. It holds one connection of the pool, and gets another when that one
 * is lost; what was missed meanwhile is found by a wake-up at the start of each.
 */
export class HintListener {
  private readonly stopping = new AbortController();
  private listening: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
    private readonly relay: { wake(): void },
  ) {}

  /** A second call changes nothing. */
  start(): void {
    this.listening ??= this.listen();
  }

  /** Resolves when its connection is given back. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.listening;
  }

  private async listen(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.listenOnce(() => (failures = 0));
      } catch {
        // The relay says that its database is away; it polls all the same.
      }
      const restMs = backoffMs(failures, RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS);
      await pause(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when the connection is lost, or `stop()` was called. */
  private async listenOnce(listening: () => void): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const notified = () => this.relay.wake();
    try {
      const client = (await runner.connect()) as NotifiedClient;
      client.on('notification', notified);
      try {
        await runner.query(`listen "${channelOf(this.tables)}"`);
        listening();
        this.relay.wake();
        await this.lossOf(client);
        if (this.stopping.signal.aborted) await runner.query(`unlisten "${channelOf(this.tables)}"`);
      } finally {
        client.off('notification', notified);
      }
    } finally {
      await runner.release();
    }
  }

  private async lossOf(client: NotifiedClient): Promise<void> {
    const { signal } = this.stopping;
    await new Promise<void>((resolve) => {
      const over = () => {
        client.off('end', over);
        client.off('error', over);
        signal.removeEventListener('abort', over);
        resolve();
      };
      client.on('end', over);
      client.on('error', over);
      signal.addEventListener('abort', over);
      if (signal.aborted) over();
    });
  }
}
