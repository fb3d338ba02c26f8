import { RecordedLog } from '@app/nats/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { request, type TestAnswer } from '../../testing/index.js';
import { createService } from '../serve.js';
import { serviceEnvironment } from '../service.environment.js';
import { ServiceModule } from '../service.module.js';
import { CurrentCaller, Open, Scopes } from './access.decorators.js';
import type { Caller } from './caller.js';

const SECRET = 'a secret of thirty-two characters';
const KEYS_URL = 'https://issuer.example/keys';

@Controller('coins')
class CoinsController {
  @Get()
  @Scopes('accounts:read')
  list(@CurrentCaller() { subject, scopes }: Caller): unknown {
    return { subject, scopes: [...scopes] };
  }

  @Post()
  @Scopes('accounts:write', 'bank:admin')
  mint(): unknown {
    return {};
  }

  @Get('open')
  @Open()
  open(): unknown {
    return {};
  }

  @Get('forgotten')
  forgotten(): unknown {
    return {};
  }
}

let app: NestFastifyApplication | undefined;

beforeEach(() => {
  RecordedLog.start();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  jest.restoreAllMocks();
});

async function serve(settings: Record<string, string>): Promise<NestFastifyApplication> {
  const environment = serviceEnvironment(3001).parse({
    DATABASE_URL: 'postgres://127.0.0.1/x',
    NATS_URL: 'nats://127.0.0.1:1',
    NATS_CLUSTER_ID: 'bank',
    ...settings,
  });
  @Module({ imports: [ServiceModule.for('coins', environment)], controllers: [CoinsController] })
  class CoinsModule {}
  app = await createService(CoinsModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

const now = () => Math.floor(Date.now() / 1_000);
const CLAIMS = { sub: 'ada', exp: now() + 600, scope: 'accounts:read somewhere:else' };

function tokenOf(claims: JWTPayload, { secret = SECRET, alg = 'HS256' } = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

async function send(authorization: string | undefined, url = '/coins', method: 'GET' | 'POST' = 'GET') {
  app ??= await serve({ AUTH_JWT_SECRET: SECRET });
  return request(app, { method, url, headers: authorization === undefined ? {} : { authorization } });
}

const facts = ({ status, headers, body }: TestAnswer) => ({
  status,
  type: (body as { type?: string }).type,
  challenge: headers['www-authenticate'],
});

describe('a caller', () => {
  it('is who the token says, with the scopes that this service knows', async () => {
    const { status, body } = await send(`Bearer ${await tokenOf(CLAIMS)}`);
    expect([status, body]).toEqual([200, { subject: 'ada', scopes: ['accounts:read'] }]);
  });

  it.each([
    ['scp, a list', { scp: ['accounts:read', 'bank:admin'] }, ['accounts:read', 'bank:admin']],
    ['scp, a text', { scp: 'accounts:read' }, ['accounts:read']],
  ])('may have its scopes in %s', async (_case, claims, scopes) => {
    const { sub, exp } = CLAIMS;
    const { body } = await send(`bearer ${await tokenOf({ sub, exp, ...claims })}`);
    expect(body).toEqual({ subject: 'ada', scopes });
  });

  it('without a token is asked for one, and told of no error', async () => {
    expect(facts(await send(undefined))).toEqual({
      status: 401,
      type: '/problems/unauthenticated',
      challenge: 'Bearer',
    });
  });

  it.each([
    ['expired', () => tokenOf({ ...CLAIMS, exp: now() - 31 })],
    ['not valid yet', () => tokenOf({ ...CLAIMS, nbf: now() + 60 })],
    ['without an end', () => tokenOf({ sub: 'ada' })],
    ['of nobody', () => tokenOf({ exp: CLAIMS.exp })],
    ['of a subject without a name', () => tokenOf({ ...CLAIMS, sub: '' })],
    ['of a subject that is too long', () => tokenOf({ ...CLAIMS, sub: 'a'.repeat(256) })],
    ['signed with another secret', () => tokenOf(CLAIMS, { secret: SECRET.toUpperCase() })],
    ['signed in another way', () => tokenOf(CLAIMS, { alg: 'HS512' })],
    ['not signed', () => Promise.resolve('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJleHAiOjk5OTk5OTk5OTl9.')],
    ['none at all', () => Promise.resolve('x')],
  ])('with a token that is %s is refused', async (_case, token) => {
    expect(facts(await send(`Bearer ${await token()}`))).toEqual({
      status: 401,
      type: '/problems/unauthenticated',
      challenge: expect.stringMatching(/^Bearer error="invalid_token", error_description="[^"\\]+"$/),
    });
  });

  it.each(['Basic YWRhOng=', 'Bearer', ''])('with authorization %p is refused', async (authorization) => {
    expect(facts(await send(authorization))).toMatchObject({ status: 401 });
  });

  it('whose clock is half a minute late is known', async () => {
    expect(await send(`Bearer ${await tokenOf({ ...CLAIMS, exp: now() - 25 })}`)).toMatchObject({
      status: 200,
    });
  });

  it('needs all the scopes of a handler, and is told which', async () => {
    const token = await tokenOf({ ...CLAIMS, scope: 'accounts:write' });
    expect(facts(await send(`Bearer ${token}`, '/coins', 'POST'))).toEqual({
      status: 403,
      type: '/problems/insufficient-scope',
      challenge: 'Bearer error="insufficient_scope", scope="accounts:write bank:admin"',
    });
  });

  it('needs no token where everybody may go, and a wrong one does no harm there', async () => {
    expect(await send(undefined, '/coins/open')).toMatchObject({ status: 200 });
    expect(await send('Bearer x', '/coins/open')).toMatchObject({ status: 200 });
  });

  it('is not let in by a handler that says nothing of access, whatever the token', async () => {
    const token = await tokenOf({ ...CLAIMS, scope: 'bank:admin accounts:read' });
    expect(await send(`Bearer ${token}`, '/coins/forgotten')).toMatchObject({ status: 403 });
    await app?.close();
    app = await serve({});
    expect(await send(undefined, '/coins/forgotten')).toMatchObject({ status: 403 });
  });

  it('is asked nothing where access is off', async () => {
    app = await serve({});
    const { status, body } = await send('Bearer x');
    expect([status, body]).toMatchObject([200, { scopes: expect.arrayContaining(['bank:admin']) }]);
    expect(body).not.toHaveProperty('subject');
  });
});

describe('an issuer', () => {
  it.each([
    ['AUTH_ISSUER', { iss: 'https://issuer.example' }, { iss: 'https://another.example' }],
    ['AUTH_AUDIENCE', { aud: ['bank', 'https://issuer.example'] }, { aud: 'another' }],
  ])('is held to %s', async (name, good, bad) => {
    app = await serve({ AUTH_JWT_SECRET: SECRET, [name]: 'https://issuer.example' });
    const answers = [];
    for (const claims of [good, bad, {}]) {
      answers.push((await send(`Bearer ${await tokenOf({ ...CLAIMS, ...claims })}`)).status);
    }
    expect(answers).toEqual([200, 401, 401]);
  });
});

describe('a key set', () => {
  async function keySet() {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
    const sign = (kid: string) =>
      new SignJWT(CLAIMS).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
    return { sign, jwk };
  }

  it('is fetched once, and tells whose token is good', async () => {
    const { sign, jwk } = await keySet();
    const fetched = jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation(() => Promise.resolve(Response.json({ keys: [jwk] })));
    app = await serve({ AUTH_JWKS_URL: KEYS_URL });
    expect(await send(`Bearer ${await sign('one')}`)).toMatchObject({
      status: 200,
      body: { subject: 'ada' },
    });
    expect(await send(`Bearer ${await sign('another')}`)).toMatchObject({ status: 401 });
    // What is signed with a secret is not taken where keys are public: the secret could be a public key.
    expect(await send(`Bearer ${await tokenOf(CLAIMS)}`)).toMatchObject({ status: 401 });
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
    ['is answered with an error', () => Promise.resolve(new Response('', { status: 500 }))],
    ['is none', () => Promise.resolve(Response.json({}))],
  ])('that %s is no fault of the caller, and lets nobody in', async (_case, answer) => {
    jest.spyOn(globalThis, 'fetch').mockImplementation(answer);
    const { sign } = await keySet();
    app = await serve({ AUTH_JWKS_URL: KEYS_URL });
    const answered = facts(await send(`Bearer ${await sign('one')}`));
    expect(answered).toMatchObject({ status: 503, type: '/problems/keys-unavailable' });
  });
});

describe('the rate limit', () => {
  const limited = { AUTH_JWT_SECRET: SECRET, RATE_LIMIT_PER_MINUTE: '2' };
  const statuses = async (authorization: string | undefined, times: number, url?: string) => {
    const answers = [];
    for (let time = 0; time < times; time += 1) answers.push((await send(authorization, url)).status);
    return answers;
  };

  it('answers 429 and when to come again to one caller, and others are answered', async () => {
    app = await serve(limited);
    const ada = `Bearer ${await tokenOf(CLAIMS)}`;
    expect(await statuses(ada, 3)).toEqual([200, 200, 429]);
    const { headers, body } = await send(ada);
    expect(Number(headers['retry-after'])).toBeGreaterThan(50);
    expect(body).toMatchObject({ type: '/problems/too-many-requests', status: 429 });
    expect(await send(`Bearer ${await tokenOf({ ...CLAIMS, sub: 'bea' })}`)).toMatchObject({ status: 200 });
  });

  it('counts those whom it does not know by their address', async () => {
    app = await serve(limited);
    expect(await statuses('Bearer x', 1)).toEqual([401]);
    expect(await statuses('Bearer y', 2)).toEqual([401, 429]);
    expect(await statuses(undefined, 1)).toEqual([429]);
    expect(await statuses(`Bearer ${await tokenOf(CLAIMS)}`, 1)).toEqual([200]);
  });

  it('of 0 counts none, nor does a service by default that only this machine reaches', async () => {
    app = await serve({ ...limited, RATE_LIMIT_PER_MINUTE: '0' });
    expect(new Set(await statuses(undefined, 20))).toEqual(new Set([401]));
    await app.close();
    app = await serve({});
    expect(new Set(await statuses(undefined, 20))).toEqual(new Set([200]));
  });
});
