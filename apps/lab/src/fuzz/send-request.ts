import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What is sent; the target is taken as it stands, which `fetch` would not do. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** What came back, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Without its parameters. */
  readonly mediaType: string | undefined;
  readonly text: string;
}

/** Longer than any answer takes; a stream of a transfer ends with its outcome. */
const ANSWER_MS_MAX = 20_000;

/** A client of one service, over connections that stay open. */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly url: string) {}

  /** @throws the error of the connection, or an AbortError when no answer comes */
  async send({ method, target, headers = {}, body }: Sent): Promise<Answer> {
    const { hostname, port } = new URL(this.url);
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent: this.agent, hostname, port, method, path: target, signal };
      httpRequest({ ...options, headers: { ...headers, ...length } })
        .on('response', resolve)
        .on('error', reject)
        .end(body);
    });
    const text = (await buffer(response)).toString();
    const [mediaType] = (response.headers['content-type'] ?? '').split(';');
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      mediaType: mediaType === '' ? undefined : mediaType,
      text,
    };
  }

  close(): void {
    this.agent.destroy();
  }
}
