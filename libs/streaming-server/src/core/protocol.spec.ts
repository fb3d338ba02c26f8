import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Peer, turnsUntil } from '../../test/support/peer.js';
import { CoreServer } from './core-server.js';

describe('the core protocol', () => {
  let server: CoreServer;

  beforeEach(() => {
    server = new CoreServer();
  });

  afterEach(async () => {
    server.stop();
    server.destroyAll();
    await turnsUntil(() => server.connections.size === 0, 'all connections are closed');
  });

  const connected = (options?: object): Promise<Peer> => Peer.connected(server, options);

  it('greets with INFO on one line that every client can parse', async () => {
    const peer = new Peer(server);
    await peer.until('\r\n');
    expect(peer.received.length).toBeLessThan(4096);
    const info: unknown = JSON.parse(peer.received.replace('INFO ', ''));
    expect(info).toMatchObject({
      server_id: 'ID',
      version: '0.25.6',
      proto: 1,
      max_payload: 1048576,
      client_id: 1,
    });
  });

  it('acknowledges everything before CONNECT and with verbose, and nothing without', async () => {
    const peer = new Peer(server);
    peer.send('SUB a 1\r\nCONNECT {"verbose":true}\r\nSUB b 2\r\nPUB b 0\r\n\r\nUNSUB 2\r\n');
    await peer.until('+OK\r\n+OK\r\n+OK\r\nMSG b 2 0\r\n\r\n+OK\r\n');
    const quiet = await connected();
    quiet.send('SUB c 1\r\nUNSUB 1\r\n');
    expect(await quiet.answers()).toBe('');
  });

  it('delivers payloads as they are, with the reply subject if there is one', async () => {
    const [one, two] = [await connected(), await connected()];
    two.send('SUB greet.* 7\r\n');
    await two.answers();
    one.send(
      'PUB greet.joe 12\r\nhello\r\n\0\xffyou\r\nPUB\tgreet.ann  reply.to 2 \r\nhi\r\npub greet.x.y 0\r\n\r\n',
    );
    await two.until('MSG greet.ann 7 reply.to 2\r\nhi\r\n');
    expect(two.received).toBe(
      'MSG greet.joe 7 12\r\nhello\r\n\0\xffyou\r\nMSG greet.ann 7 reply.to 2\r\nhi\r\n',
    );
  });

  it('answers PING only after everything before it has had its effect', async () => {
    const peer = await connected();
    peer.send('SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n');
    await peer.until('PONG');
    expect(peer.received).toBe('MSG a 1 1\r\nx\r\nPONG\r\n');
  });

  it.each([
    ['a.*', ['a.b', 'a.*'], ['a', 'a.b.c', 'b.b']],
    ['a.>', ['a.b', 'a.b.c'], ['a', 'b.a']],
    ['>', ['a', 'a.b'], []],
    ['*.b.*', ['a.b.c'], ['a.b', 'a.c.b']],
    ['a*.b', ['a*.b'], ['ax.b']],
  ])('matches %s as a subscription should', async (pattern, matching, others) => {
    const peer = await connected();
    peer.send(`SUB ${pattern} 1\r\n`);
    for (const subject of [...matching, ...others]) peer.send(`PUB ${subject} 0\r\n\r\n`);
    const expected = matching.map((subject) => `MSG ${subject} 1 0\r\n\r\n`).join('');
    expect(await peer.answers()).toBe(expected);
  });

  it('gives a message to one member of each queue group and to every plain subscriber', async () => {
    const peer = await connected();
    peer.send('SUB a q1 1\r\nSUB a q1 2\r\nSUB > q2 3\r\nSUB a 4\r\nSUB a 5\r\n');
    const counts = new Map<string, number>();
    for (let round = 0; round < 50; round++) {
      peer.send('PUB a 0\r\n\r\n');
      for (const [, sid = ''] of (await peer.answers()).matchAll(/MSG a (\d) 0/g)) {
        counts.set(sid, (counts.get(sid) ?? 0) + 1);
      }
    }
    expect((counts.get('1') ?? 0) + (counts.get('2') ?? 0)).toBe(50);
    expect(Math.min(counts.get('1') ?? 0, counts.get('2') ?? 0)).toBeGreaterThan(5);
    expect([counts.get('3'), counts.get('4'), counts.get('5')]).toEqual([50, 50, 50]);
  });

  it('ends a subscription after its maximum, also when that is already passed', async () => {
    const peer = await connected();
    peer.send('SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n');
    expect(await peer.answers()).toBe('MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n');
    peer.send('SUB b 2\r\nPUB b 0\r\n\r\nPUB b 0\r\n\r\nUNSUB 2 1\r\nPUB b 0\r\n\r\n');
    expect((await peer.answers()).match(/MSG/g)).toHaveLength(2);
    expect(server.router.subscriptionCount).toBe(0);
  });

  it('returns nothing to its publisher that asked for no echo', async () => {
    const [silent, other] = [await connected({ echo: false }), await connected()];
    silent.send('SUB a 1\r\nSUB a q 2\r\n');
    await silent.answers();
    other.send('SUB a q 1\r\n');
    await other.answers();
    silent.send('PUB a 0\r\n\r\n');
    expect(await silent.answers()).toBe('');
    expect(await other.answers()).toBe('MSG a 1 0\r\n\r\n');
  });

  it('refuses an invalid subject and keeps the connection', async () => {
    const peer = await connected();
    peer.send('SUB a..b 1\r\nSUB .a 2\r\nSUB a.>.b 3\r\n');
    expect(await peer.answers()).toBe(`-ERR 'Invalid Subject'\r\n`.repeat(3));
  });

  it('complains of an invalid publish subject only when pedantic', async () => {
    const [pedantic, lax] = [await connected({ pedantic: true }), await connected()];
    pedantic.send('PUB a.* 0\r\n\r\n');
    expect(await pedantic.answers()).toBe(`-ERR 'Invalid Publish Subject'\r\n`);
    lax.send('PUB a.* 0\r\n\r\n');
    expect(await lax.answers()).toBe('');
  });

  it.each([
    ['an unknown operation', 'GET / HTTP/1.1\r\n', 'Unknown Protocol Operation'],
    ['garbage without a line end', 'garbage', 'Unknown Protocol Operation'],
    ['an empty line', '\r\n', 'Unknown Protocol Operation'],
    ['an operation without arguments', 'PUB\r\n', 'Unknown Protocol Operation'],
    ['a payload longer than announced', 'PUB a 2\r\nabcd\r\n', 'Unknown Protocol Operation'],
    ['a payload that is too large', 'PUB a 1048577\r\n', 'Maximum Payload Violation'],
    ['a control line that is too long', `SUB ${'a'.repeat(4097)} 1\r\n`, 'maximum control line exceeded'],
    ['an endless control line', `SUB ${'a'.repeat(5000)}`, 'maximum control line exceeded'],
    [
      'a wish that needs headers',
      'CONNECT {"no_responders":true}\r\n',
      'no responders requires headers support',
    ],
    ['an unknown protocol version', 'CONNECT {"protocol":2}\r\n', 'invalid client protocol'],
  ])('answers %s with its error and closes; nobody else notices', async (_what, input, text) => {
    const [bad, good] = [await connected(), await connected()];
    bad.send(input);
    await bad.untilClosed();
    expect(bad.received).toBe(`-ERR '${text}'\r\n`);
    good.send('SUB a 1\r\nPUB a 1\r\nx\r\n');
    expect(await good.answers()).toBe('MSG a 1 1\r\nx\r\n');
  });

  it.each([
    ['PUB a\r\n'],
    ['PUB a b c 1\r\n'],
    ['PUB a -1\r\n'],
    ['PUB a 99999999999999999999\r\n'],
    ['SUB a\r\n'],
    ['UNSUB 1 2 3\r\n'],
    ['CONNECT {"verbose":\r\n'],
    ['CONNECT {"verbose":"x"}\r\n'],
    ['CONNECT []\r\n'],
    ['CONNECT\r\n'],
    ['-ERR x\r\n'],
    ['HPUB a 12 12\r\n'],
  ])('closes without a word after %j, as the real server does', async (input) => {
    const peer = await connected();
    peer.send(input);
    await peer.untilClosed();
    expect(peer.received).toBe('');
  });

  it('is as lenient as the real server: anything after PING, a bare line feed, CONNECT null', async () => {
    const peer = await connected();
    peer.send('PINGxx\r\nSUB a 1\nPUB a 1\nx\r\nINFO {}\r\n+OK\r\nCONNECT null\r\n');
    await peer.until('MSG');
    expect(await peer.answers()).toBe('MSG a 1 1\r\nx\r\n');
  });

  it('delivers nothing on a subject with an empty token, also not to >', async () => {
    const peer = await connected();
    peer.send('SUB > 1\r\nPUB a..b 0\r\n\r\nPUB .a 0\r\n\r\nPUB a. 0\r\n\r\n');
    expect(await peer.answers()).toBe('');
  });

  it('ignores what follows garbage in the same piece', async () => {
    const [bad, good] = [await connected(), await connected()];
    good.send('SUB a 1\r\n');
    await good.answers();
    bad.send('FOO\r\nPUB a 1\r\nx\r\n');
    await bad.untilClosed();
    expect(await good.answers()).toBe('');
  });

  it('understands a conversation however it is cut into pieces', async () => {
    const bytes = Buffer.from(
      'SUB a.> q 1\r\nSUB a.b 22\r\nPUB a.b reply 5\r\nx\r\nyz\r\nPUB a.b 0\r\n\r\nUNSUB 22 9\r\nPING\r\n',
      'latin1',
    );
    const expected =
      'MSG a.b 22 reply 5\r\nx\r\nyz\r\nMSG a.b 1 reply 5\r\nx\r\nyz\r\nMSG a.b 22 0\r\n\r\nMSG a.b 1 0\r\n\r\nPONG\r\n';
    for (let cut = 0; cut <= bytes.length; cut++) {
      const peer = await connected();
      peer.send(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      peer.send(bytes.subarray(cut));
      await peer.until('PONG');
      expect(peer.received).toBe(expected);
      peer.end();
      await peer.untilClosed();
    }
    const peer = await connected();
    for (const byte of bytes) peer.send(Buffer.from([byte]));
    await peer.until('PONG');
    expect(peer.received).toBe(expected);
  });

  it('forgets a client that closes its side, with all its subscriptions', async () => {
    const peer = await connected();
    peer.send('SUB a 1\r\nSUB b.* 2\r\nPUB c 100\r\nonly the beg');
    peer.end();
    await turnsUntil(() => server.connections.size === 0, 'the connection is forgotten');
    expect(server.router.subscriptionCount).toBe(0);
  });
});
