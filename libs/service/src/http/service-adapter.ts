import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../problem.js';
import { refusalOf, sendProblem } from '../problem.filter.js';
import { serviceProblems } from '../service.problems.js';
import { RouteBook } from './route-book.js';

/** The largest body that is read, in bytes: a batch of 1,000 transfers needs some 250 kB. */
export const BODY_BYTES_MAX = 512 * 1024;

/** How long the header fields of a request may take to arrive, in ms. */
const HEADERS_TIMEOUT_MS = 10_000;

/** How long a whole request may take to arrive, in ms: the largest body over a poor line. */
const REQUEST_TIMEOUT_MS = 30_000;

/** How often connections are looked at for the two time-outs, in ms. */
const TIMEOUT_CHECK_MS = 2_000;

/** An id of 36 characters, and room for a file's name. */
const PARAMETER_LENGTH_MAX = 100;

/**
 * The HTTP server of a service: what it takes, how long it waits, and how it refuses what never reaches a handler.
 * Each refusal is a problem document.
 */
export class ServiceAdapter extends FastifyAdapter {
  private readonly routes = new RouteBook();
  private closing = false;

  constructor() {
    super({
      bodyLimit: BODY_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
      http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
      frameworkErrors: refuseUnroutable,
      clientErrorHandler: refuseUnreadable,
      // Before a shutdown reaches the listener the outbox's relay ends: refuseAtClose begins earlier.
      return503OnClosing: false,
    });
    const instance = this.getInstance();
    // Bodies are JSON: a form or a text that a page of somebody else sends is not read.
    instance.removeContentTypeParser('text/plain');
    instance.addHook('onRoute', ({ url, method }) => this.routes.add(url, method));
    this.refuseAtClose();
  }

  /** Whether a shutdown has begun. */
  get isEnding(): boolean {
    return this.closing;
  }

  /** Called at the first moment of a shutdown. */
  override beforeClose(): void {
    this.closing = true;
    super.beforeClose();
  }

  /** In place of Nest's own, which knows no 405. */
  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance().setNotFoundHandler((request, reply) => {
      const methods = this.routes.methodsOf(request.raw.url ?? '');
      const detail = `Cannot ${request.method} ${request.url}`;
      if (methods.length === 0) return sendProblem(reply, refusalOf(404, detail));
      void reply.header('allow', methods.join(', '));
      return sendProblem(reply, serviceProblems.of('method-not-allowed', { detail }).problem);
    });
  }

  /**
   * A connection that stays open after its answer holds the shutdown up until its client lets it go, up to 72 s with
   * Fastify's default: the server ends by itself only the connections that are idle at the moment when it closes.
   */
  private refuseAtClose(): void {
    const instance = this.getInstance();
    instance.addHook('onRequest', (_request, reply, done) => {
      if (this.closing) sendProblem(reply, serviceProblems.of('shutting-down').problem);
      else done();
    });
    instance.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.closing) void reply.header('connection', 'close');
      done();
    });
    // A stream that has begun before the shutdown, and ends in it, has promised to keep its connection.
    instance.addHook('onResponse', ({ socket }, _reply, done) => {
      if (this.closing) socket.destroySoon();
      done();
    });
  }
}

/** Answers a request that Fastify gives up before it has a route, and so before Nest hears of it. */
function refuseUnroutable(
  error: { readonly message: string; readonly statusCode?: number },
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(reply, refusalOf(error.statusCode === 414 ? 414 : 400, error.message));
}

/** Answers what is not HTTP, or does not arrive: there is no request yet, only the socket. */
function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) socket.write(rawAnswer(problemOfUnreadable(error)));
  socket.destroy(error);
}

function problemOfUnreadable({
  code,
  message,
}: {
  readonly code?: string;
  readonly message: string;
}): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return serviceProblems.of('request-timeout').problem;
  if (code === 'HPE_HEADER_OVERFLOW') return serviceProblems.of('headers-too-large').problem;
  return serviceProblems.of('malformed-request', { detail: message }).problem;
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
