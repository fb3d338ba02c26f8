import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import type { ConnectOptions } from './connect-options.js';

/** A user that may connect, with a password in clear. */
export interface User {
  readonly user: string;
  readonly pass: string;
}

/** Who may connect: one token, or any of several users. Neither: everybody. */
export interface AuthenticationOptions {
  readonly token?: string;
  readonly users?: readonly User[];
}

/** Decides whether a CONNECT may pass. */
export class Authentication {
  readonly required: boolean;

  constructor(private readonly options: AuthenticationOptions = {}) {
    const hashed = [options.token, ...(options.users ?? []).map((user) => user.pass)].some(isBcrypt);
    if (hashed)
      throw new ConfigurationError('a bcrypt password was given, but only passwords in clear are supported');
    this.required = options.token !== undefined || (options.users?.length ?? 0) > 0;
  }

  accepts(connect: ConnectOptions): boolean {
    if (!this.required) return true;
    const { token, users = [] } = this.options;
    if (token !== undefined && equal(token, connect.auth_token)) return true;
    const user = users.find((candidate) => candidate.user === connect.user);
    return user !== undefined && equal(user.pass, connect.pass);
  }
}

function isBcrypt(password: string | undefined): boolean {
  return password?.startsWith('$2') === true;
}

/** Compares digests, so that the time taken tells nothing about where two secrets differ. */
function equal(expected: string, given: unknown): boolean {
  if (typeof given !== 'string') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
