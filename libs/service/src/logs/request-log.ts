import { runInTraceOf, type EventTrace } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { traceIdOf, traceOfRequest } from './trace-carrier.js';

/** What orchestrators and Prometheus ask all the time. */
const ASKED_ALL_THE_TIME = /^\/(health|metrics)\b/;

/** What an address is about: `/v1/transfers/<id>` is about the transfer of this id. */
const SUBJECT = /^\/v\d+\/([a-z]+)s\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i;

const traces = new WeakMap<FastifyRequest, EventTrace>();

/**
 * One line for each request when it is answered: method, route, status, time in ms, trace id, and the id of what it was
 * about. Neither bodies nor queries nor callers are logged: amounts and owners are nobody's business there.
 *
 * @param isClosing a service that shuts down refuses requests and is well
 */
export function logRequests(instance: FastifyInstance, isClosing: () => boolean): void {
  const logger = new Logger('Http');
  instance.addHook('onRequest', (request, _reply, done) => {
    const trace = traceOfRequest(request.headers);
    traces.set(request, trace);
    runInTraceOf(trace, done);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    const line = lineOf(request, reply);
    if (ASKED_ALL_THE_TIME.test(request.url)) logger.debug(line);
    else if (reply.statusCode >= 500 && !isClosing()) logger.error(line);
    else logger.log(line);
    done();
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const { method } = request;
  const route = request.routeOptions.url ?? 'none';
  const status = reply.statusCode;
  return {
    msg: `${method} ${route} ${status}`,
    method,
    route,
    status,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    traceId: traceIdOf(traces.get(request)?.traceparent),
    ...subjectOf(request.url),
    ...subjectOf(String(reply.getHeader('location'))),
  };
}

function subjectOf(address: string): Record<string, string> {
  const [, noun, id] = SUBJECT.exec(address) ?? [];
  return noun === undefined || id === undefined ? {} : { [`${noun}Id`]: id.toLowerCase() };
}
