import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestOfCaller } from '../access/access.decorators.js';
import { serviceProblems } from '../service.problems.js';
import { UNLIMITED } from './rate-limit.decorators.js';
import { RequestCounts } from './request-counts.js';

/** Under which the number of requests in a minute is provided; 0 counts none. */
export const RATE_LIMIT = Symbol('RateLimit');

/** Answers a caller no more than so many requests in a minute; who is not known is counted by address. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly counts: RequestCounts | undefined;

  constructor(
    @Inject(RATE_LIMIT) limit: number,
    private readonly reflector: Reflector,
  ) {
    this.counts = limit === 0 ? undefined : new RequestCounts(limit);
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this.counts) return true;
    if (this.reflector.getAllAndOverride<boolean>(UNLIMITED, [context.getHandler(), context.getClass()]))
      return true;
    const http = context.switchToHttp();
    const { caller, ip } = http.getRequest<RequestOfCaller & FastifyRequest>();
    const subject = caller?.subject;
    const wait = this.counts.refuse(subject === undefined ? `address ${ip}` : `subject ${subject}`);
    if (wait === undefined) return true;
    void http.getResponse<FastifyReply>().header('retry-after', wait);
    throw serviceProblems.of('too-many-requests', { detail: `Come again in ${wait} s` });
  }
}
