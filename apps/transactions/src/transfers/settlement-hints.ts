import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '@app/nats';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { SERVICE } from '../config.js';
import { SettlementWaiters } from './settlement-waiters.js';

const CHANNEL = 'transfer_settled';
/** Settlements within this time, in ms, share one statement. */
const COALESCE_MS = 10;
/** A payload takes less than 8,000 bytes, and an id with its comma 37. */
const IDS_PER_HINT = 200;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LONGEST_MS = 10_000;

/** Each payload is one notification. */
const NOTIFY = 'select pg_notify($1, payload) from unnest($2::text[]) as payload';

/**
 * Tells all instances which transfers are settled, so that a request that waits at one is answered when the outcome
 * arrived at another. The own waiters are woken at once; the others by `NOTIFY`, sent after the commit in a statement
 * of its own: in a transaction it takes a lock that all committing transactions share. Nothing depends on a hint:
 * a request whose hint is lost looks once more at its deadline.
 *
 * It listens on one connection of its own, outside the pool, from the bootstrap to the shutdown; after each loss it
 * makes a new one, and wakes everybody, for what was said meanwhile.
 */
@Injectable()
export class SettlementHints implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('SettlementHints');
  private readonly stopping = new AbortController();
  private readonly unsent = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private listening: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly waiters: SettlementWaiters,
  ) {}

  onApplicationBootstrap(): void {
    this.listening = this.listen();
  }

  /** What is settled after this is not told any more: whoever waits looks at their deadline. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.listening;
  }

  /** After the commit: tells whoever waits for the transfer, here and at the other instances. */
  settled(transferId: string): void {
    this.waiters.wake([transferId]);
    if (this.stopping.signal.aborted) return;
    this.unsent.add(transferId);
    this.timer ??= setTimeout(() => void this.send(), COALESCE_MS);
  }

  private async send(): Promise<void> {
    this.timer = undefined;
    const ids = [...this.unsent];
    this.unsent.clear();
    const payloads: string[] = [];
    for (let from = 0; from < ids.length; from += IDS_PER_HINT) {
      payloads.push(ids.slice(from, from + IDS_PER_HINT).join(','));
    }
    try {
      await this.dataSource.query(NOTIFY, [CHANNEL, payloads]);
    } catch (error) {
      this.logger.warn(`Other instances were not told of settled transfers: ${String(error)}`);
    }
  }

  private async listen(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.listenOnce(() => (failures = 0));
      } catch (error) {
        this.logger.warn(`Settled transfers of other instances are not heard of: ${String(error)}`);
      }
      const restMs = backoffMs(failures, RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS);
      await pause(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when the connection is lost, or the service stops. */
  private async listenOnce(listening: () => void): Promise<void> {
    const { signal } = this.stopping;
    const client = this.createClient();
    const over = new Promise<void>((resolve) => {
      client.once('end', resolve);
      // Without a listener an error of the connection would end the process.
      client.on('error', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    client.on('notification', ({ payload = '' }) => this.waiters.wake(payload.split(',')));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      listening();
      this.waiters.wakeAll();
      await over;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private createClient(): Client {
    const { options } = this.dataSource;
    const connectionString = 'url' in options ? options.url : undefined;
    return new Client({
      ...(connectionString === undefined ? {} : { connectionString }),
      application_name: `${SERVICE}-hints`,
      keepAlive: true,
    });
  }
}
