import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@app/nats';
import {
  Inject,
  Injectable,
  NotFoundException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Under which the token is provided. */
export const OPS_TOKEN = Symbol('OpsToken');

/** RFC 6750; the scheme's name may be written either way, as every scheme's. */
const BEARER = /^Bearer +(.+)$/i;

/** Lets in who has the token. Everybody else is told what an address is told that does not exist. */
@Injectable()
export class OpsTokenGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor(@Inject(OPS_TOKEN) token: Secret) {
    this.expected = digestOf(token.reveal());
  }

  canActivate(context: ExecutionContext): boolean {
    const { method, url, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const [, given = ''] = BEARER.exec(headers.authorization ?? '') ?? [];
    // Digests are of one length, and comparing them takes as long wherever they differ.
    if (timingSafeEqual(digestOf(given), this.expected)) return true;
    throw new NotFoundException(`Cannot ${method} ${url}`);
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
