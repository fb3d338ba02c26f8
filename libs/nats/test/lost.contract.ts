import { expect, it } from '@jest/globals';
import { eventually } from '../testing/index.js';
import { TcpPath } from '../testing/tcp-path.js';
import { CHANNEL, listen, type Bench } from './bench.js';

/** A server needs some seconds on a busy machine until it serves again what it has stored. */
const BACK_MS = 15_000;

/** The contract of a connection that breaks and comes back. */
export function lostContract(bench: () => Bench): void {
  it('resumes when TCP comes back in time, and its subscription goes on', async () => {
    await using path = await TcpPath.to(bench().port);
    const instance = await bench().connected({ url: path.url });
    const { distinct } = listen(instance);
    await instance.bus.publish(CHANNEL, 'before');
    await eventually('the first', () => distinct.length === 1);
    path.drop();
    await eventually('it is interrupted', () =>
      bench().log.lines.some((line) => line.includes('interrupted')),
    );
    await eventually('it has resumed', () => instance.bus.ready);
    await instance.bus.publish(CHANNEL, 'after');
    await eventually('the second', () => distinct.includes('2 after'), BACK_MS);
    expect(bench().log.lines).toContain('log NATS connection resumed');
    await instance.connection.close();
  });

  it('is lost when the broker stays away, and with `exit` makes no other client', async () => {
    const { connection, bus } = await bench().connected({ onConnectionLost: 'exit', resumeTimeoutMs: 200 });
    await bench().stopBroker();
    await eventually('it is lost', () => connection.state === 'lost');
    expect(bench().log.lines.at(-1)).toMatch(/^error NATS connection lost \(not resumed within 200 ms\); /);
    await bench().startBroker();
    expect([connection.state, bus.ready]).toEqual(['lost', false]);
    await connection.close();
    expect(bench().log.lines.at(-1)).toBe('log NATS connection closed (after it was lost)');
  });

  it('is lost when the peer falls silent, by its unanswered pings', async () => {
    await using path = await TcpPath.to(bench().port);
    const { connection } = await bench().connected({
      url: path.url,
      resumeTimeoutMs: 100,
      connectTimeoutMs: 1_000,
    });
    path.freeze();
    await eventually('it is lost', () => connection.state === 'lost', 10_000);
    await connection.close();
  });

  it('with `reconnect` it comes back with the broker, and so does its subscription', async () => {
    const instance = await bench().connected({ onConnectionLost: 'reconnect', resumeTimeoutMs: 100 });
    const { distinct } = listen(instance);
    let readied = 0;
    instance.bus.onReady(() => readied++);
    await instance.bus.publish(CHANNEL, 'before');
    await eventually('the first', () => distinct.length === 1);
    // Its acknowledgement has left before the broker goes.
    await instance.bus.publish(CHANNEL, 'second');
    await eventually('the second', () => distinct.length === 2);
    await bench().stopBroker();
    await eventually('it is lost', () => instance.connection.state !== 'connected');
    await bench().startBroker();
    await eventually('it is back', () => instance.bus.ready, BACK_MS);
    expect(readied).toBe(1);
    await instance.bus.publish(CHANNEL, 'after');
    await eventually('the third', () => distinct.includes('3 after'), BACK_MS);
  });

  it('what was stored before the broker restarted comes after it', async () => {
    const publisher = await bench().connected({ onConnectionLost: 'reconnect', resumeTimeoutMs: 100 });
    await publisher.bus.publish(CHANNEL, 'a');
    await publisher.connection.close();
    await bench().stopBroker();
    await bench().startBroker();
    const { distinct } = listen(await bench().connected());
    await eventually('it comes', () => distinct.length === 1, BACK_MS);
    expect(distinct).toEqual(['1 a']);
  });
}
