import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ProblemException, problemType, type Problem } from './problem.js';

/** Answers every error with a problem document (RFC 9457). A fault tells its id, which is in the log, and no more. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), this.problemOf(error));
  }

  private problemOf(error: unknown): Problem {
    if (error instanceof ProblemException) return error.problem;
    const status = clientErrorStatus(error);
    if (status !== undefined) return plainProblem(status, (error as Error).message);
    const errorId = randomUUID();
    this.logger.error(
      `Error ${errorId}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return { type: problemType('internal-error'), title: 'The service failed', status: 500, errorId };
  }
}

/** The status of an error that is the caller's. Nest has made its own of Fastify's errors for unreadable bodies. */
function clientErrorStatus(error: unknown): number | undefined {
  const status = error instanceof HttpException ? error.getStatus() : undefined;
  return status !== undefined && status >= 400 && status < 500 ? status : undefined;
}

/** Answers a request that Fastify gives up before it has a route, and so before Nest hears of it: a malformed address. */
export function refuseUnroutable(
  error: { readonly message: string },
  _request: unknown,
  reply: FastifyReply,
): void {
  sendProblem(reply, plainProblem(400, error.message));
}

/** A problem that its status says all about. */
function plainProblem(status: number, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Client error', status, detail };
}

function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}
