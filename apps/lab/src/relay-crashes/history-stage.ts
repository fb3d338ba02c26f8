import { Inbox, migrate, UnitOfWork } from '@app/outbox';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { readChannel } from '../audit/witness.js';
import { Closers } from '../parts/closers.js';
import { until } from '../parts/deadline.js';
import { startPostgres, type PostgresPart } from '../parts/postgres/postgres.part.js';
import { startStreamingServer, type StreamingServerPart } from '../parts/streaming-server.part.js';
import { openApplication } from './history-application.js';
import { HISTORY_TYPES, historyEvents, type HistoryEvents } from './history-events.js';
import { RelayProcess } from './relay-process.js';
import type { Fault } from './fault-agent.js';
import { firstDeliveries } from './first-deliveries.js';
import {
  COUNT_LEASES_OF,
  COUNT_SETTLED,
  COUNT_WAITING,
  CREATE_HISTORY,
  READ_EFFECTS,
  READ_HISTORY,
} from './history-tables.js';
import type { RelaySettings } from './relay-program.js';
import type { HistoryEvent, Remains } from './verdict.js';
import { Writers } from './writers.js';

const POOL_SIZE = 6;
const DRAIN_MS_MAX = 60_000;
const WITNESS_MS_MAX = 30_000;
const WAIT_MS_MAX = 30_000;
/** Handlers at once: repeats meet the first of their kind, and messages of a key each other. */
const HANDLERS = 8;

/** A database, a broker, writers, and relays that come and go. */
export class HistoryStage {
  /** Relays that nothing befalls. */
  readonly healthy: RelayProcess[] = [];
  private readonly closers = new Closers();
  private relays = 0;

  private constructor(
    readonly postgres: PostgresPart,
    private readonly broker: StreamingServerPart,
    private readonly databaseUrl: string,
    private readonly application: INestApplicationContext,
    readonly writers: Writers,
    /** A whole number from 0 up to, and without, `below`. */
    readonly random: (below: number) => number,
  ) {}

  static async open(random: (below: number) => number): Promise<HistoryStage> {
    const closers = new Closers();
    try {
      const postgres = await startPostgres(() => undefined);
      closers.add(() => postgres.stop());
      const broker = await startStreamingServer();
      closers.add(() => broker.stop());
      const databaseUrl = await postgres.createDatabase('relay_crashes');
      const application = await openApplication({
        databaseUrl,
        broker,
        clientId: 'writers',
        poolSize: POOL_SIZE,
        relayPlace: 'off',
      });
      closers.add(() => application.close());
      const dataSource = application.get(DataSource);
      await migrate(dataSource);
      await dataSource.query(CREATE_HISTORY);
      const writers = new Writers(application.get<UnitOfWork<HistoryEvents>>(UnitOfWork), random(2 ** 31));
      const stage = new HistoryStage(postgres, broker, databaseUrl, application, writers, random);
      stage.closers.add(() => closers.close());
      stage.closers.add(() => writers.stop());
      return stage;
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  /** Starts one more relay. */
  async startRelay(
    fault?: Fault,
    different: Partial<Pick<RelaySettings, 'poolSize' | 'relayPlace' | 'busyConnectionMs'>> = {},
  ): Promise<RelayProcess> {
    const settings: RelaySettings = {
      databaseUrl: this.databaseUrl,
      broker: { url: this.broker.url, clusterId: this.broker.clusterId },
      clientId: `relay-${(this.relays += 1)}`,
      poolSize: POOL_SIZE,
      relayPlace: 'alone',
      ...different,
    };
    const relay = await RelayProcess.start(settings, fault);
    this.closers.add(() => relay.destroy());
    return relay;
  }

  /** Starts or stops healthy relays until there are so many. */
  async keepHealthy(count: number): Promise<void> {
    while (this.healthy.length > count) await this.stopHealthy();
    while (this.healthy.length < count) this.healthy.push(await this.startRelay());
  }

  /**
   * Asks a relay to end, as an orchestrator does.
   * @throws Error unless it ends with code 0
   */
  async retire(relay: RelayProcess): Promise<void> {
    const { code, signal } = await relay.stop();
    if (code === 0) return;
    throw new Error(`${relay.clientId} ended with ${code ?? signal}:\n${relay.log.tail()}`);
  }

  /** How many batches are held under this name. */
  async leasesOf(holder: string): Promise<number> {
    const [row] = await this.query<{ leases: number }>(COUNT_LEASES_OF, [holder]);
    return row?.leases ?? 0;
  }

  /** How many messages the outbox has let go of. */
  async settled(): Promise<number> {
    const [row] = await this.query<{ settled: number }>(COUNT_SETTLED);
    return row?.settled ?? 0;
  }

  /** Waits for a condition that the database tells; while it does not answer, it is asked again. */
  until(awaited: string, condition: () => Promise<boolean>): Promise<true> {
    return until(awaited, WAIT_MS_MAX, async () =>
      (await condition().catch(() => false)) ? true : undefined,
    );
  }

  /** Stops the writers, waits until nothing waits in the outbox, stops the relays, and collects what is left. */
  async finish(): Promise<Remains> {
    await this.writers.stop();
    await until('the outbox to be empty', DRAIN_MS_MAX, async () => {
      const [row] = await this.query<Record<string, number>>(COUNT_WAITING);
      return Object.values(row ?? {}).every((count) => count === 0) ? true : undefined;
    });
    while (this.healthy.length > 0) await this.stopHealthy();
    const payloads = await this.readChannels();
    const delivered = payloads.flatMap((messages) => firstDeliveries(messages));
    const all = payloads.flatMap((messages) => [...messages.values()]);
    const ids = all.map((payload) => (JSON.parse(payload) as { id: string }).id);
    await this.handle(all);
    const effects = await this.query<{ id: string; times: number }>(READ_EFFECTS);
    return {
      history: await this.query<HistoryEvent>(READ_HISTORY),
      delivered,
      copies: countsOf(ids),
      effects: new Map(effects.map(({ id, times }) => [id, times])),
    };
  }

  async close(): Promise<void> {
    await this.closers.close();
  }

  private async stopHealthy(): Promise<void> {
    const relay = this.healthy.shift();
    if (relay) await this.retire(relay);
  }

  private readChannels(): Promise<ReadonlyMap<number, string>[]> {
    return Promise.all(HISTORY_TYPES.map((type) => readChannel(this.broker, type, WITNESS_MS_MAX)));
  }

  /** Hands every message to the inbox as the broker has it, repeats and all. */
  private async handle(payloads: readonly string[]): Promise<void> {
    const inbox = this.application.get<Inbox<HistoryEvents>>(Inbox);
    const queue = [...payloads];
    const work = async () => {
      for (let payload = queue.shift(); payload !== undefined; payload = queue.shift()) {
        const { type } = JSON.parse(payload) as { type: keyof HistoryEvents };
        const event = historyEvents.decode(type, payload);
        await inbox.process(event, async ({ manager }) => {
          await manager.query('insert into history_effect values ($1)', [event.id]);
        });
      }
    };
    await Promise.all(Array.from({ length: HANDLERS }, work));
  }

  private query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.application.get(DataSource).query<Row[]>(sql, parameters);
  }
}

function countsOf(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
