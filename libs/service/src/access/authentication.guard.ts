import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { OPEN, type RequestOfCaller } from './access.decorators.js';
import { ANYBODY } from './caller.js';
import { InvalidTokenError, TokenVerifier } from './token-verifier.js';

/** Under which the verifier is provided; null where callers are not asked who they are. */
export const TOKEN_VERIFIER = Symbol('TokenVerifier');

/** RFC 6750, 2.1; the scheme's name may be written either way, as every scheme's (RFC 9110, 11.1). */
const BEARER = /^Bearer +(\S+) *$/i;

/** What this guard leaves for those after it. */
export interface AuthenticatedRequest extends RequestOfCaller, FastifyRequest {
  /** Why nobody is known; a request without a token has no reason. */
  accessFailure?: unknown;
}

/**
 * Finds out who sends a request, and turns nobody away: a request whose token is not good is counted first, by its
 * address, and refused after that by `ScopesGuard`.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifier | null,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (this.verifier === null) {
      request.caller = ANYBODY;
      return true;
    }
    // What is open to everybody may have a token of another kind: that of /ops.
    if (this.reflector.getAllAndOverride<boolean>(OPEN, [context.getHandler(), context.getClass()]))
      return true;
    const header = request.headers.authorization;
    if (header === undefined) return true;
    try {
      const [, token] = BEARER.exec(header) ?? [];
      if (token === undefined) throw new InvalidTokenError('expected a bearer token');
      request.caller = await this.verifier.callerOf(token);
    } catch (error) {
      request.accessFailure = error;
    }
    return true;
  }
}
