import { randomUUID } from 'node:crypto';
import type { Scope } from '@app/service';
import { signToken } from '../token/sign-token.js';

/** Longer than the longest wait that a caller asks for. */
const ANSWER_MS_MAX = 60_000;

/** What a caller was answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
}

/** What a caller asks for. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body?: object | undefined;
  /** Default: a new one. */
  readonly idempotencyKey?: string;
  readonly prefer?: string;
}

/** Who sends requests with a token, or without one. */
export class Caller {
  private constructor(private readonly authorization: Readonly<Record<string, string>>) {}

  /** A caller who does not say who they are. */
  static nobody(): Caller {
    return new Caller({});
  }

  /** A caller whose token is signed with a shared secret and is valid for an hour. */
  static async of(subject: string, scopes: readonly Scope[], secret: string): Promise<Caller> {
    const token = await signToken({ subject, scope: scopes.join(' '), hours: 1 }, secret);
    return new Caller({ authorization: `Bearer ${token}` });
  }

  async send({ method, url, body, idempotencyKey = randomUUID(), prefer }: Asked): Promise<Answered> {
    const response = await fetch(url, {
      method,
      headers: {
        ...this.authorization,
        ...(prefer === undefined ? {} : { prefer }),
        ...(method === 'POST' ? { 'idempotency-key': idempotencyKey } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}
