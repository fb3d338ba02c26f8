import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { serviceProblems } from '../service.problems.js';
import { OPEN, REQUIRED_SCOPES } from './access.decorators.js';
import type { AuthenticatedRequest } from './authentication.guard.js';
import type { Scope } from './caller.js';
import { InvalidTokenError } from './token-verifier.js';

/** Lets in who may do what a handler does. A handler that says nothing of it lets nobody in. */
@Injectable()
export class ScopesGuard implements CanActivate {
  private readonly logger = new Logger('Access');

  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(OPEN, places)) return true;
    const needed = this.reflector.getAllAndOverride<readonly Scope[]>(REQUIRED_SCOPES, places) ?? [];
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    if (!request.caller) throw this.refusalOf(request.accessFailure, reply);
    const { scopes } = request.caller;
    if (needed.length > 0 && needed.every((scope) => scopes.has(scope))) return true;
    void reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${needed.join(' ')}"`);
    throw serviceProblems.of('insufficient-scope', { scopes: needed });
  }

  private refusalOf(failure: unknown, reply: FastifyReply): Error {
    if (failure !== undefined && !(failure instanceof InvalidTokenError)) {
      this.logger.error(failure);
      return serviceProblems.of('keys-unavailable', {}, { cause: failure });
    }
    // RFC 6750, 3.1: who has sent no token is told no error, only what is asked for.
    if (!failure) {
      void reply.header('www-authenticate', 'Bearer');
      return serviceProblems.of('unauthenticated', { detail: 'Send a bearer token in Authorization' });
    }
    const reason = failure.message.replaceAll(/["\\]/g, "'");
    void reply.header('www-authenticate', `Bearer error="invalid_token", error_description="${reason}"`);
    return serviceProblems.of('unauthenticated', { detail: reason }, { cause: failure });
  }
}
