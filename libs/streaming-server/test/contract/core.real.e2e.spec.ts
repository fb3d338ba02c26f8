import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findRealServer, startOwnServer, startRealServer, type ServerProcess } from '../support/command.js';
import { eventually } from '../support/eventually.js';

/** What a server says within this time counts: the real one answers in a millisecond, but also closes late. */
const LISTEN_MS = 120;
/** Long enough for the time-out of authentication. */
const LISTEN_WITH_USERS_MS = 2_400;

const CONVERSATIONS = [
  'FOO\r\n',
  '\r\n',
  'garbage',
  'P',
  'PX',
  'SU',
  'pInG\r\n',
  'PINGxx\r\n',
  'PING \r\n',
  'PONG\r\nPING\r\n',
  'PUB\r\n',
  'PUB a\r\n',
  'PUB a 2\r\nabcd\r\n',
  'PUB a 0\r\nPING\r\n',
  'PUB a 3\r\nabc\rPING\r\n',
  'PUB a 1048577\r\n',
  'PUB a -1\r\n',
  'PUB a 99999999999999999999\r\n',
  'PUB a b 1 1\r\n',
  'PUB a 1 \r\nx\r\nPING\r\n',
  'PUB  a   1\r\nx\r\nPING\r\n',
  '\tPUB a 1\r\n',
  'SUB a\r\n',
  'SUB a b c d\r\n',
  'UNSUB\r\n',
  'UNSUB 1 2 3\r\n',
  'UNSUB 9\r\nPING\r\n',
  'UNSUB 9 x\r\nPING\r\n',
  `SUB ${'a'.repeat(4097)} 1\r\n`,
  `SUB ${'a'.repeat(4090)} 1\r\nPING\r\n`,
  `SUB ${'a'.repeat(5000)}`,
  'SUB a..b 1\r\nPING\r\n',
  'SUB a.>.b 1\r\nPING\r\n',
  'SUB a.* 1\r\nPUB a.b 0\r\n\r\nPING\r\n',
  'SUB a.*.c 1\r\nPUB a.b.c 0\r\n\r\nPUB a.b 0\r\n\r\nPING\r\n',
  'SUB foo* 1\r\nPUB foo* 0\r\n\r\nPUB foox 0\r\n\r\nPING\r\n',
  'SUB a 1\r\nPUB a.> 0\r\n\r\nPING\r\n',
  'SUB > 1\r\nPUB a..b 0\r\n\r\nPING\r\n',
  'SUB > 1\r\nPUB a.* 0\r\n\r\nPING\r\n',
  'SUB > 1\r\nPUB .a 0\r\n\r\nPING\r\n',
  'SUB * 1\r\nPUB * 0\r\n\r\nPING\r\n',
  'sub a 1\r\npub a 1\r\nx\r\nping\r\n',
  'SUB a 1\nPUB a 1\nx\r\nPING\n',
  'SUB a q 1\r\nPUB a r 2\r\nhi\r\nPING\r\n',
  'SUB a 1\r\nSUB a 1\r\nPUB a 0\r\n\r\nPING\r\n',
  'SUB a 1\r\nSUB b 1\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n',
  'SUB a 1\r\nUNSUB 1 1\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\nPING\r\n',
  'SUB a 1\r\nPUB a 0\r\n\r\nUNSUB 1 1\r\nPUB a 0\r\n\r\nPING\r\n',
  'CONNECT {}\r\nPING\r\n',
  'CONNECT {"verbose":true}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nPING\r\n',
  'CONNECT {"verbose":false,"pedantic":true}\r\nPUB a.* 0\r\n\r\nPING\r\n',
  'CONNECT {"echo":false,"verbose":false}\r\nSUB a 1\r\nPUB a 0\r\n\r\nPING\r\n',
  'CONNECT {"verbose":\r\n',
  'CONNECT {"verbose":"x"}\r\nPING\r\n',
  'CONNECT {"protocol":2}\r\n',
  'CONNECT {"no_responders":true}\r\nPING\r\n',
  'CONNECT []\r\nPING\r\n',
  'CONNECT null\r\nPING\r\n',
  'CONNECT\r\n',
  'MSG a 1 0\r\n\r\n',
  'INFO {}\r\nPING\r\n',
  '+OK\r\nPING\r\n',
  '-ERR x\r\nPING\r\n',
  'HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n',
];

const CONVERSATIONS_WITH_USERS = [
  '',
  'C',
  'PING\r\n',
  'SUB a 1\r\n',
  'FOO\r\n',
  'CONNECT {}\r\n',
  'CONNECT {"user":"u"}\r\n',
  'CONNECT {"user":"u","pass":"x"}\r\n',
  'CONNECT {"user":"u","pass":"p"}\r\nSUB a 1\r\n',
];

/** Everything a server answers to this input, without INFO, and whether it closed the connection. */
async function transcript(server: ServerProcess, input: string, listenMs: number): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  let received = '';
  let closed = false;
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => (closed = true));
  await once(socket, 'connect');
  await eventually(() => received.includes('\r\n'), 'INFO');
  socket.write(input, 'latin1');
  const deadline = performance.now() + listenMs;
  while (!closed && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  // A while after CONNECT the real server measures the round trip with a PING of its own.
  return received.replaceAll(/INFO [^\r]*\r\n/g, '').replace(/^PING\r\n$/m, '') + (closed ? '<closed>' : '');
}

function compare(conversations: readonly string[], args: string[], listenMs: number): void {
  let own: ServerProcess;
  let real: ServerProcess;

  beforeAll(async () => {
    const binary = findRealServer();
    if (binary === undefined)
      throw new Error('no nats-streaming-server: set NATS_STREAMING_SERVER to its path');
    [own, real] = await Promise.all([startOwnServer(args), startRealServer(binary, args)]);
  });

  afterAll(async () => {
    await Promise.all([own.stop(), real.stop()]);
  });

  it.each(conversations.map((input) => [JSON.stringify(input.slice(0, 80)), input]))(
    '%s',
    async (_name, input) => {
      const said = await Promise.all([own, real].map((server) => transcript(server, input, listenMs)));
      expect(said[0]).toBe(said[1]);
    },
  );
}

if (process.env.TEST_REAL === '1') {
  describe('the core protocol, byte by byte like the real server', () => {
    describe('without users', () => compare(CONVERSATIONS, [], LISTEN_MS));
    describe('with a user', () =>
      compare(CONVERSATIONS_WITH_USERS, ['--user', 'u', '--pass', 'p'], LISTEN_WITH_USERS_MS));
  });
} else {
  it.todo('the core protocol, byte by byte like the real server: runs with TEST_REAL=1');
}
