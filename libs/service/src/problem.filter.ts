import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ProblemException, type Problem } from './problem.js';
import { serviceProblems } from './service.problems.js';

/** What Nest and Fastify refuse by themselves, under the name that it has here. */
const NAMES_BY_STATUS = {
  400: 'malformed-request',
  404: 'not-found',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'address-too-long',
  415: 'unsupported-media-type',
} as const;

/** Answers every error with a problem document (RFC 9457). A fault tells its id, which is in the log, and no more. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.problemOf(error);
    // The answer has begun, as that of a stream: all that is left to say is that it ends too early.
    if (reply.raw.headersSent) reply.raw.destroy();
    else sendProblem(reply, problem);
  }

  private problemOf(error: unknown): Problem {
    if (error instanceof ProblemException) return error.problem;
    const status = clientErrorStatus(error);
    if (status !== undefined) return refusalOf(status, (error as Error).message);
    const errorId = randomUUID();
    this.logger.error(
      `Error ${errorId}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return serviceProblems.of('internal-error', { errorId }).problem;
  }
}

/** The status of an error that is the caller's. Nest has made its own of Fastify's errors for unreadable bodies. */
function clientErrorStatus(error: unknown): number | undefined {
  const status = error instanceof HttpException ? error.getStatus() : undefined;
  return status !== undefined && status >= 400 && status < 500 ? status : undefined;
}

/** The problem of a client error that nobody has made one of. */
export function refusalOf(status: number, detail: string): Problem {
  const name = NAMES_BY_STATUS[status as keyof typeof NAMES_BY_STATUS];
  if (name !== undefined) return serviceProblems.of(name, { detail }).problem;
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Client error', status, detail };
}

/** Ends a request with a problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}
