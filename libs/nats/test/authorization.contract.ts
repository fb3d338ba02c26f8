import { describe, expect, it } from '@jest/globals';
import { NatsConnectRefusedError, Secret, type NatsCredentials } from '../src/index.js';
import type { RealBackend } from './backends.js';
import { GuardedServer } from './guarded.js';

/** Is in each of them; with what a URL must have encoded. */
const SECRET = 'hunter2';
const PASSWORD = `${SECRET}@5:50%`;
const TOKEN = `${SECRET}/token`;

/** The contract of credentials, on servers that ask for them. */
export function authorizationContract(name: string, backend: RealBackend): void {
  describe(name, () => {
    describe('that asks for user and password', () => userAndPassword(backend));
    describe('that asks for a token', () => token(backend));
  });
}

function userAndPassword(backend: RealBackend): void {
  const guard = { user: 'bank', password: PASSWORD };
  const server = GuardedServer.forBlock(backend, () => Promise.resolve(guard));

  it('lets in who has both, from the options or from the URL', async () => {
    await server.admits({ credentials: { user: 'bank', password: new Secret(PASSWORD) } });
    await server.admits({ url: server.url('nats', `bank:${encodeURIComponent(PASSWORD)}`) });
  });

  it.each<[string, NatsCredentials]>([
    ['another password', { user: 'bank', password: new Secret(`${PASSWORD}!`) }],
    ['another user', { user: 'thief', password: new Secret(PASSWORD) }],
    ['a token', { token: new Secret(PASSWORD) }],
  ])('refuses who has %s, which is shown nowhere', async (_case, credentials) => {
    expect(await server.refuses({ credentials }, SECRET)).toBeInstanceOf(NatsConnectRefusedError);
  });

  it('refuses who has nothing', async () => {
    expect(await server.refuses({})).toBeInstanceOf(NatsConnectRefusedError);
  });
}

function token(backend: RealBackend): void {
  const server = GuardedServer.forBlock(backend, () => Promise.resolve({ token: TOKEN }));

  it('lets in who has it, from the options or from the URL', async () => {
    await server.admits({ credentials: { token: new Secret(TOKEN) } });
    await server.admits({ url: server.url('nats', encodeURIComponent(TOKEN)) });
  });

  it('refuses who has another, which is shown nowhere', async () => {
    const credentials = { token: new Secret(`${TOKEN}!`) };
    expect(await server.refuses({ credentials }, SECRET)).toBeInstanceOf(NatsConnectRefusedError);
  });
}
