import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { INestApplication } from '@nestjs/common';

/** A request of a spec; a body is sent as JSON unless `contentType` says otherwise. */
export interface TestRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** A text is sent as it is; anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back; `body` is parsed from JSON where it is JSON. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: unknown;
}

/**
 * Sends one request to an initialized application, through its real HTTP server and a pipe in memory: no
 * socket, no port. (Fastify's own `inject` does not load under Jest before Node 24.)
 */
export async function request(app: INestApplication, given: TestRequest): Promise<TestAnswer> {
  const [client, server] = pipe();
  (app.getHttpServer() as Server).emit('connection', server);
  const payload =
    given.body === undefined || typeof given.body === 'string' ? given.body : JSON.stringify(given.body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({
      method: given.method,
      path: given.url,
      createConnection: () => client,
      headers: {
        connection: 'close',
        ...(payload === undefined
          ? {}
          : {
              'content-type': given.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(payload),
            }),
        ...given.headers,
      },
    })
      .on('response', resolve)
      .on('error', reject)
      .end(payload);
  });
  const answered = await text(response);
  const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: answered,
    body: isJson && answered !== '' ? JSON.parse(answered) : undefined,
  };
}

/** Sends a text as it stands, and gives back all that is answered until the server ends the connection. */
export function rawRequest(app: INestApplication, sent: string): Promise<string> {
  const [client, server] = pipe();
  (app.getHttpServer() as Server).emit('connection', server);
  client.write(sent);
  return text(client);
}

/** Two streams, each of which reads what the other one writes. */
function pipe(): [Duplex, Duplex] {
  const end = (other: () => Duplex) =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        other().push(chunk);
        done();
      },
      final: (done) => {
        other().push(null);
        done();
      },
      destroy: (_error, done) => {
        other().push(null);
        done(null);
      },
    });
  const first: Duplex = end(() => second);
  const second: Duplex = end(() => first);
  return [first, second];
}
