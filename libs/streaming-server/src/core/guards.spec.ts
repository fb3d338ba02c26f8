import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Peer, turnsUntil } from '../../test/support/peer.js';
import { ConfigurationError } from '../errors.js';
import { CoreServer, type CoreOptions } from './core-server.js';

describe('who may connect, and for how long', () => {
  let server: CoreServer;

  function start(options: CoreOptions): CoreServer {
    server = new CoreServer(options);
    return server;
  }

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] });
  });

  afterEach(() => {
    server.stop();
    server.destroyAll();
    jest.useRealTimers();
  });

  const users = [
    { user: 'ann', pass: 'secret' },
    { user: 'joe', pass: 'other' },
  ];

  it.each([
    ['a user with its password', { users }, { user: 'joe', pass: 'other' }],
    ['the token', { token: 't' }, { auth_token: 't' }],
  ])('lets in %s', async (_who, authentication, connect) => {
    const peer = await Peer.connected(start({ authentication }), connect);
    expect(await peer.answers()).toBe('');
  });

  it.each([
    ['a wrong password', { users }, 'CONNECT {"user":"ann","pass":"other"}\r\n'],
    ['no password', { users }, 'CONNECT {"user":"ann"}\r\n'],
    ['an unknown user', { users }, 'CONNECT {"user":"eve","pass":"secret"}\r\n'],
    ['a wrong token', { token: 't' }, 'CONNECT {"auth_token":"u"}\r\n'],
    ['nobody at all', { token: 't' }, 'PING\r\n'],
    ['garbage before CONNECT', { token: 't' }, 'FOO\r\n'],
  ])('turns away %s', async (_who, authentication, input) => {
    const peer = new Peer(start({ authentication }));
    peer.send(input);
    await peer.untilClosed();
    expect(peer.received).toContain('"auth_required":true');
    expect(peer.received).toMatch(/\r\n-ERR 'Authorization Violation'\r\n$/);
  });

  it('refuses a bcrypt password at start: it would compare it in clear', () => {
    const create = (): CoreServer => new CoreServer({ authentication: { token: '$2a$11$abc' } });
    expect(create).toThrow(ConfigurationError);
  });

  it('gives a client two seconds for CONNECT, only when it must say who it is', async () => {
    const late = new Peer(start({ authentication: { token: 't' } }));
    jest.advanceTimersByTime(2_500);
    await late.untilClosed();
    expect(late.received).toMatch(/-ERR 'Authentication Timeout'\r\n$/);
    server.stop();
    const silent = new Peer(start({}));
    jest.advanceTimersByTime(2_500);
    silent.send('PING\r\n');
    await silent.until('PONG');
  });

  it('refuses a connection over the maximum', async () => {
    start({ connectionsMax: 1 });
    await Peer.connected(server);
    const second = new Peer(server);
    await second.untilClosed();
    expect(second.received).toMatch(/-ERR 'maximum connections exceeded'\r\n$/);
  });

  it('pings a silent client, and closes it when it has missed two answers', async () => {
    const peer = await Peer.connected(start({ pingIntervalMs: 10_000 }));
    jest.advanceTimersByTime(10_500);
    await peer.until('PING\r\n');
    peer.send('PONG\r\n');
    await turnsUntil(() => [...server.connections.values()][0]?.pingsOut === 0, 'the answer is counted');
    peer.received = '';
    jest.advanceTimersByTime(50_000);
    await peer.untilClosed();
    expect(peer.received).toBe(`PING\r\nPING\r\n-ERR 'Stale Connection'\r\n`);
  });

  it('cuts off a client that does not read, at its bound; nobody else notices', async () => {
    const payload = 'x'.repeat(1_000);
    start({ pendingMaxBytes: 100_000 });
    const slow = new Peer(server, { reads: false });
    slow.send('CONNECT {"verbose":false}\r\nSUB a 1\r\n');
    const fast = await Peer.connected(server);
    fast.send('SUB a 1\r\n');
    for (let index = 0; index < 300; index++) {
      fast.send(`PUB a ${payload.length}\r\n${payload}\r\n`);
      expect(await fast.answers()).toContain('MSG a');
    }
    await slow.untilClosed();
    expect(server.slowConsumersTotal).toBe(1);
  });

  it('cuts off a client that takes more than ten seconds for one write', async () => {
    start({});
    const slow = new Peer(server, { reads: false });
    slow.send('CONNECT {"verbose":false}\r\nSUB a 1\r\n');
    const fast = await Peer.connected(server);
    fast.send(`PUB a 100000\r\n${'x'.repeat(100_000)}\r\n`);
    await fast.answers();
    jest.advanceTimersByTime(9_000);
    expect(slow.closed).toBe(false);
    jest.advanceTimersByTime(2_000);
    await slow.untilClosed();
  });
});
