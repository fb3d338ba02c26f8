import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { BrokerConnection } from '../src/broker-connection.js';
import { createBus, createConnection } from '../src/driver.js';
import { NatsConnectError, type NatsOptions } from '../src/index.js';
import { RecordedLog, testNatsOptions } from '../testing/index.js';
import type { Broker, Guard, RealBackend } from './backends.js';
import { CHANNEL } from './bench.js';

const CONNECT_TIMEOUT_MS = 1_500;
/** A timer that is late on a busy machine. */
const LATE_MS = 1_000;

/** One server that guards itself, for all tests of a block, and the connections that they try on it. */
export class GuardedServer {
  private log = RecordedLog.start();
  private readonly open: BrokerConnection[] = [];
  private directory = '';
  private broker: Broker | undefined;

  private constructor(private readonly backend: RealBackend) {}

  /** @param guard is asked once, with a directory to put files into */
  static forBlock(backend: RealBackend, guard: (directory: string) => Promise<Guard>): GuardedServer {
    const server = new GuardedServer(backend);
    beforeAll(async () => {
      server.directory = await mkdtemp(join(tmpdir(), 'nats-guarded-'));
      const store = join(server.directory, 'store');
      server.broker = await backend.start(store, undefined, await guard(server.directory));
    });
    beforeEach(() => {
      server.log = RecordedLog.start();
    });
    afterEach(async () => {
      await Promise.all(server.open.splice(0).map((connection) => connection.close()));
    });
    afterAll(async () => {
      await server.broker?.stop();
      await rm(server.directory, { recursive: true, force: true });
    });
    return server;
  }

  get port(): number {
    return this.broker!.port;
  }

  /** @param userinfo as a URL has it before the `@` */
  url(scheme = 'nats', userinfo?: string): string {
    return `${scheme}://${userinfo === undefined ? '' : `${userinfo}@`}127.0.0.1:${this.port}`;
  }

  /** Expects that a connection stands, and that a message is stored by way of it. */
  async admits(given: Partial<NatsOptions>): Promise<BrokerConnection> {
    const connection = await this.connectionWith(given);
    await connection.connect();
    const bus = await createBus(connection);
    expect((await bus.publish(CHANNEL, 'a')).guid).not.toBe('');
    return connection;
  }

  /**
   * Expects that there is no connection, that its error comes in time, and that nothing secret is shown.
   *
   * @param secret a text that every secret of the test contains
   */
  async refuses(given: Partial<NatsOptions>, secret = 'PRIVATE KEY'): Promise<NatsConnectError> {
    const connection = await this.connectionWith(given);
    const startedAt = performance.now();
    const error = await connection.connect().catch((reason: unknown) => reason);
    expect(performance.now() - startedAt).toBeLessThan(CONNECT_TIMEOUT_MS + LATE_MS);
    expect(error).toBeInstanceOf(NatsConnectError);
    const shown = [inspect(error, { depth: 9 }), inspect(connection, { depth: 9 }), ...this.log.lines];
    expect(shown.join('\n')).not.toContain(secret);
    return error as NatsConnectError;
  }

  private async connectionWith(given: Partial<NatsOptions>): Promise<BrokerConnection> {
    const options = testNatsOptions({
      url: this.url(),
      clientId: `client-${this.open.length}`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      resumeTimeoutMs: 5_000,
      ...given,
    });
    const connection = await createConnection({ ...options, driver: this.backend.driver }, [CHANNEL]);
    this.open.push(connection);
    return connection;
  }
}
