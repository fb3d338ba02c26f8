import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { fakeNatsStreaming, RecordedLog, testNatsOptions } from '../testing/index.js';
import { NatsConnection } from './nats-connection.js';
import { NatsUnreachableError } from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { ServiceProcess } from './service-process.js';

const SHUTDOWN_TIMEOUT_MS = 60_000;

let exits: number[];
let log: RecordedLog;
let signals: EventEmitter;

beforeEach(() => {
  fakeNatsStreaming.reset();
  log = RecordedLog.start();
  exits = [];
  signals = new EventEmitter();
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate', 'performance'] });
  jest
    .spyOn(process, 'exit')
    .mockImplementation(((code: number) => exits.push(code)) as unknown as typeof process.exit);
  jest.spyOn(process, 'on').mockImplementation((event, listener) => {
    signals.on(event, listener as () => void);
    return process;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A service whose application is only its connection and its end. */
function service(options: Partial<NatsOptions> = {}, close: () => Promise<void> = () => Promise.resolve()) {
  const connection = new NatsConnection(testNatsOptions(options));
  const app = { get: () => connection, close: jest.fn(close) };
  const processOfService = new ServiceProcess(app as unknown as INestApplicationContext, SHUTDOWN_TIMEOUT_MS);
  return { connection, app, run: (start = () => connection.connect()) => processOfService.run(start) };
}

/** Lets what is under way come to its end; timers stand still. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a service that runs', () => {
  it('does not end by itself', async () => {
    const { app, run } = service();
    await run();
    await settled();
    expect(exits).toEqual([]);
    expect(app.close).not.toHaveBeenCalled();
  });

  it.each(['SIGINT', 'SIGTERM'])('closes and exits with 0 when it is asked to stop by %s', async (signal) => {
    const { app, run } = service();
    await run();
    signals.emit(signal);
    await settled();
    expect(app.close).toHaveBeenCalledTimes(1);
    expect(exits).toEqual([0]);
    expect(log.lines.slice(1)).toEqual([`log Stopping: ${signal}`, 'log Stopped with exit code 0']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])(
    'ends at once at a second %s, with code %i, because its shutdown was cut short',
    async (signal, code) => {
      const { run } = service({}, () => new Promise(() => undefined));
      await run();
      signals.emit(signal);
      expect(exits).toEqual([]);
      signals.emit(signal);
      expect(exits).toEqual([code]);
      expect(log.lines.at(-1)).toBe(`error A second ${signal} cut the shutdown short; exiting`);
    },
  );

  it.each([
    ['the terminal’s SIGINT and its parent’s SIGTERM', ['SIGINT', 'SIGTERM']],
    ['a SIGTERM and a SIGINT', ['SIGTERM', 'SIGINT']],
  ])('is not cut short by %s', async (_case, both) => {
    const { app, run } = service();
    await run();
    for (const signal of both) signals.emit(signal);
    expect(exits).toEqual([]);
    await settled();
    expect(app.close).toHaveBeenCalledTimes(1);
    expect(exits).toEqual([0]);
  });

  it('closes and exits with 75 when its connection is lost', async () => {
    const { app, run } = service();
    await run();
    fakeNatsStreaming.client.loseConnection();
    await settled();
    expect(app.close).toHaveBeenCalledTimes(1);
    expect(exits).toEqual([75]);
  });

  it('goes on when its connection is lost in `reconnect` mode', async () => {
    const { connection, run } = service({ onConnectionLost: 'reconnect' });
    await run();
    fakeNatsStreaming.client.loseConnection();
    await settled();
    expect(exits).toEqual([]);
    expect(connection.state).toBe('connected');
  });

  it('keeps the exit code of a lost connection when it is asked to stop meanwhile', async () => {
    const { run } = service();
    await run();
    fakeNatsStreaming.client.loseConnection();
    signals.emit('SIGTERM');
    await settled();
    expect(exits).toEqual([75]);
  });

  it('keeps it when it is then asked a second time, and ends at once', async () => {
    const { run } = service({}, () => new Promise(() => undefined));
    await run();
    fakeNatsStreaming.client.loseConnection();
    signals.emit('SIGTERM');
    expect(exits).toEqual([]);
    signals.emit('SIGTERM');
    expect(exits).toEqual([75]);
  });
});

describe('a service that cannot start', () => {
  it.each([
    [
      '75 when the broker is not reachable',
      new NatsUnreachableError('away', { url: '', clusterId: '', clientId: '' }),
      75,
    ],
    ['1 for anything else', new Error('no database'), 1],
  ])('exits with %s', async (_case, error, code) => {
    const { app, run } = service();
    await run(() => Promise.reject(error));
    expect(exits).toEqual([code]);
    expect(app.close).toHaveBeenCalledTimes(1);
    expect(log.lines[0]).toBe(`error ${error.message}`);
  });

  it('because it was told to stop does not report that as a fault', async () => {
    const { run } = service();
    const starting = run(async () => {
      await settled();
      throw new Error('aborted');
    });
    signals.emit('SIGTERM');
    await starting;
    expect(exits).toEqual([0]);
    expect(log.lines.join()).not.toContain('aborted');
  });
});

describe('a shutdown', () => {
  it.each([
    ['lost', 75],
    ['asked for', 1],
  ])('that takes too long is cut off, with a failure: %s', async (why, code) => {
    const { run } = service({}, () => new Promise(() => undefined));
    await run();
    if (why === 'lost') fakeNatsStreaming.client.loseConnection();
    else signals.emit('SIGTERM');
    jest.advanceTimersByTime(SHUTDOWN_TIMEOUT_MS - 1);
    expect(exits).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(exits).toEqual([code]);
    expect(log.lines.at(-1)).toBe(`error The shutdown took over ${SHUTDOWN_TIMEOUT_MS} ms; exiting`);
  });

  it('that fails is reported, and ends with a failure', async () => {
    const { run } = service({}, () => Promise.reject(new Error('cannot close')));
    await run();
    signals.emit('SIGTERM');
    await settled();
    // In a process that really exits, the first exit is the last.
    expect(exits[0]).toBe(1);
    expect(log.lines).toContain('error cannot close');
  });
});
