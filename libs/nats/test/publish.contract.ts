import { expect, it } from '@jest/globals';
import { PublishRefusedError, PublishUnknownError } from '../src/index.js';
import { eventually } from '../testing/index.js';
import { TcpPath } from '../testing/tcp-path.js';
import { CHANNEL, listen, type Bench } from './bench.js';

const TOO_LARGE = 'x'.repeat(1_048_576);

/** The contract of publishing: three outcomes, and order. */
export function publishContract(bench: () => Bench): void {
  it('resolves when the message is stored', async () => {
    const instance = await bench().connected();
    await expect(instance.bus.publish(CHANNEL, 'a')).resolves.toMatchObject({
      guid: expect.stringMatching(/./),
    });
    const { distinct } = listen(instance);
    await eventually('it comes', () => distinct.length === 1);
    expect(distinct).toEqual(['1 a']);
  });

  it.each([
    ['an empty channel', '', 'a'],
    ['a channel with a wildcard', 'coin.*', 'a'],
    ['a channel with a space', 'coin tossed', 'a'],
    ['a channel that ends in a dot', 'coin.', 'a'],
    ['a payload over the limit', CHANNEL, TOO_LARGE],
  ])('is refused, and nothing is stored: %s', async (_case, channel, payload) => {
    const instance = await bench().connected();
    const error = await instance.bus.publish(channel, payload).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PublishRefusedError);
    expect(error).toMatchObject({ outcome: 'refused', registrationLost: false });
    await instance.bus.publish(CHANNEL, 'a');
    const { distinct } = listen(instance);
    await eventually('the next one comes', () => distinct.length > 0);
    expect(distinct).toEqual(['1 a']);
  });

  it('is unknown when the broker falls silent', async () => {
    await using path = await TcpPath.to(bench().port);
    const { bus, connection } = await bench().connected({
      url: path.url,
      ackTimeoutMs: 300,
      connectTimeoutMs: 1_000,
      pingIntervalMs: 60_000,
    });
    await bus.publish(CHANNEL, 'before');
    path.freeze();
    const error = await bus.publish(CHANNEL, 'a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PublishUnknownError);
    expect(error).toMatchObject({ outcome: 'unknown', cause: expect.any(Error) });
    await connection.close();
  });

  it('is unknown when the connection is lost before the acknowledgement', async () => {
    await using path = await TcpPath.to(bench().port);
    const { bus, connection } = await bench().connected({
      url: path.url,
      ackTimeoutMs: 60_000,
      resumeTimeoutMs: 50,
      connectTimeoutMs: 1_000,
    });
    await bus.publish(CHANNEL, 'before');
    path.freeze();
    const publishing = expect(bus.publish(CHANNEL, 'a')).rejects.toThrow(PublishUnknownError);
    path.drop();
    await publishing;
    await connection.close();
  });

  it('keeps the order of one publisher', async () => {
    const publisher = await bench().connected();
    const consumer = await bench().connected({ maxInFlight: 64 });
    const sent = Array.from({ length: 50 }, (_, index) => `${index + 1} coin-${index}`);
    for (const each of sent) await publisher.bus.publish(CHANNEL, each.split(' ')[1]!);
    const { distinct } = listen(consumer);
    await eventually('all come', () => distinct.length >= sent.length);
    expect(distinct).toEqual(sent);
  });

  it('keeps the order in which publishes were asked for, none awaited', async () => {
    const instance = await bench().connected({ maxInFlight: 64 });
    const sent = Array.from({ length: 50 }, (_, index) => `${index + 1} coin-${index}`);
    await Promise.all(sent.map((each) => instance.bus.publish(CHANNEL, each.split(' ')[1]!)));
    const { distinct } = listen(instance);
    await eventually('all come', () => distinct.length >= sent.length);
    expect(distinct).toEqual(sent);
  });
}
