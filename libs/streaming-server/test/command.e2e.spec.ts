import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { close, connect, publish, subscribe } from './support/client.js';
import { startOwnServer, type ServerProcess } from './support/command.js';

/** Each test starts several processes. */
jest.setTimeout(60_000);

/** How many times as long as a bare Node it may take to listen, when nothing else keeps the machine busy. */
const START_FACTOR = 3;
/** Of so many the best is taken, and of more where the machine is busy. */
const ATTEMPTS = { least: 5, most: 40 };

describe('the command', () => {
  let directory: string;
  let running: ServerProcess[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streaming-command-'));
    running = [];
  });

  afterEach(async () => {
    for (const server of running) await server.stop('SIGKILL');
    await rm(directory, { recursive: true });
  });

  async function start(...args: string[]): Promise<ServerProcess> {
    const server = await startOwnServer(args);
    running.push(server);
    return server;
  }

  const target = (server: ServerProcess, clusterId = 'test-cluster'): { url: string; clusterId: string } => ({
    url: server.url,
    clusterId,
  });

  it('says in one line where it listens, and can answer then', async () => {
    const server = await start('-cid', 'bank');
    const lines = server.output().trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/\[INF\] Listening for client connections on 127\.0\.0\.1:\d+$/),
    ]);
    await close(await connect(target(server, 'bank')));
  });

  it(`listens in ${START_FACTOR} times what Node takes to start at all`, async () => {
    const own: number[] = [];
    const bare: number[] = [];
    const factor = () => Math.min(...own) / Math.min(...bare);
    const isUndecided = () => own.length < ATTEMPTS.most && factor() >= START_FACTOR;
    for (let attempt = 0; attempt < ATTEMPTS.least || isUndecided(); attempt++) {
      const startedMs = performance.now();
      const server = await start('-store', 'FILE', '-dir', join(directory, String(attempt)));
      own.push(performance.now() - startedMs);
      await server.stop();
      const bareMs = performance.now();
      await once(spawn(process.execPath, ['-e', '0']), 'exit');
      bare.push(performance.now() - bareMs);
    }
    expect(factor()).toBeLessThan(START_FACTOR);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s with code 0 at once, and its port is free',
    async (signal) => {
      const server = await start();
      const client = await connect(target(server));
      await publish(client, 'c', 'x');
      const startedMs = performance.now();
      const [code, by] = await server.stop(signal);
      expect([code, by]).toEqual([0, null]);
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      const again = createServer().listen(server.port, '127.0.0.1');
      await once(again, 'listening');
      again.close();
      await close(client);
    },
  );

  it('ends although a client does not read', async () => {
    const server = await start();
    const frozen = connectSocket(server.port, '127.0.0.1');
    frozen.on('error', () => undefined);
    await once(frozen, 'connect');
    frozen.write('CONNECT {"verbose":false}\r\nSUB a 1\r\n');
    const payload = 'x'.repeat(1_000_000);
    for (let index = 0; index < 20; index++) frozen.write(`PUB a ${payload.length}\r\n${payload}\r\n`);
    const startedMs = performance.now();
    expect(await server.stop()).toEqual([0, null]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    frozen.destroy();
  });

  it('warns of what it does not know and refuses what it cannot do', async () => {
    const server = await start('--ft_group', 'g');
    expect(server.output()).toContain('[WRN] unknown argument --ft_group g is ignored');
    await expect(startOwnServer(['-store', 'SQL'])).rejects.toThrow('--store SQL: expected MEMORY or FILE');
    await expect(startOwnServer(['-store', 'FILE'])).rejects.toThrow('--store FILE needs --dir');
    await expect(startOwnServer(['-mm', 'many'])).rejects.toThrow('invalid arguments: -mm: many');
    await expect(startOwnServer(['-p', String(server.port)])).rejects.toThrow(
      /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    );
  });

  it('lets only one server work on a directory, and the next one when that one was killed', async () => {
    const first = await start('-store', 'FILE', '-dir', directory);
    await expect(startOwnServer(['-store', 'FILE', '-dir', directory])).rejects.toThrow(
      'is in use by another server',
    );
    await first.stop('SIGKILL');
    await start('-store', 'FILE', '-dir', directory);
  });

  it('keeps messages and durables over kill -9 with the file store', async () => {
    const first = await start('-store', 'FILE', '-dir', directory);
    const client = await connect(target(first), 'client', { reconnect: false });
    const durable = {
      options: (o: ReturnType<typeof client.subscriptionOptions>) =>
        o.setDurableName('d').setDeliverAllAvailable(),
    };
    const before = await subscribe(client, 'c', durable);
    await publish(client, 'c', '1');
    await before.count(1);
    const closed = once(client, 'close');
    await first.stop('SIGKILL');
    await closed;
    const second = await start('-store', 'FILE', '-dir', directory);
    const again = await connect(target(second), 'client');
    await publish(again, 'c', '2');
    const after = await subscribe(again, 'c', durable);
    await after.count(1);
    expect(after.sequences.at(-1)).toBe(2);
    await close(again);
  });

  it('asks for the user and the password it was given', async () => {
    const server = await start('--user', 'ann', '--pass', 'secret');
    const stranger = connect(target(server), 'stranger', { user: 'ann', pass: 'wrong', reconnect: false });
    await expect(stranger).rejects.toThrow('Authorization Violation');
    await close(await connect(target(server), 'ann', { user: 'ann', pass: 'secret' }));
  });
});
