import { once } from 'node:events';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { NatsTlsError, Secret, type NatsTls } from '../src/index.js';
import { TcpPath } from '../testing/tcp-path.js';
import type { RealBackend } from './backends.js';
import { Authority, writeCertificate, type Certificate } from './certificates.js';
import { GuardedServer } from './guarded.js';

let authority: Authority;
let stranger: Authority;

/** The contract of TLS, on servers with certificates of an authority that nobody knows by default. */
export function tlsContract(name: string, backend: RealBackend): void {
  describe(name, () => {
    beforeAll(async () => {
      [authority, stranger] = await Promise.all([Authority.create('own'), Authority.create('stranger')]);
    });
    describe('that shows a certificate', () => oneSided(backend));
    describe('that wants one of its clients too', () => mutual(backend));
    describe('that speaks no TLS', () => none(backend));
  });
}

function oneSided(backend: RealBackend): void {
  // Not for `localhost`, which is what the clients ask for where they are not told.
  const server = GuardedServer.forBlock(backend, async (directory) => ({
    tls: await writeCertificate(directory, authority, await authority.issue('server', ['127.0.0.1'])),
  }));

  it.each(['tls', 'nats'])('is connected to by %s:// with the authority’s certificate', async (scheme) => {
    await server.admits({ url: server.url(scheme), tls: { ca: authority.cert } });
  });

  it.each([
    ['tls', 'without the authority’s certificate', () => ({})],
    ['nats', 'without the authority’s certificate', () => ({})],
    ['tls', 'with another authority’s certificate', () => ({ tls: { ca: stranger.cert } })],
    ['nats', 'with another authority’s certificate', () => ({ tls: { ca: stranger.cert } })],
  ])('is not trusted by %s:// %s', async (scheme, _case, given) => {
    const error = await server.refuses({ url: server.url(scheme), ...given() });
    expect(error).toBeInstanceOf(NatsTlsError);
    expect(error.message).toContain('unable to verify the first certificate');
  });

  it('is not trusted under a name that its certificate is not for', async () => {
    const error = await server.refuses({
      url: `tls://localhost:${server.port}`,
      tls: { ca: authority.cert },
    });
    expect(error).toBeInstanceOf(NatsTlsError);
    expect(error.message).toContain('Host: localhost.');
  });

  it('is resumed with when TCP has dropped', async () => {
    await using path = await TcpPath.to(server.port);
    const connection = await server.admits({ url: path.url, tls: { ca: authority.cert } });
    // Not by looking at its state: the client dials again at once, and may be back before anybody has looked.
    const resumed = once(connection, 'resumed');
    path.drop();
    await resumed;
    expect(connection.state).toBe('connected');
    await connection.close();
  });
}

function mutual(backend: RealBackend): void {
  let own: Certificate;
  const server = GuardedServer.forBlock(backend, async (directory) => {
    own = await authority.issue('client', ['client']);
    const certificate = await authority.issue('server', ['127.0.0.1', 'localhost']);
    return { tls: { ...(await writeCertificate(directory, authority, certificate)), verify: true } };
  });
  const material = ({ cert, key }: Certificate): NatsTls => ({
    ca: authority.cert,
    cert,
    key: new Secret(key),
  });

  it('lets in who has one of its authority, by its name too', async () => {
    await server.admits({ url: server.url('nats'), tls: material(own) });
    await server.admits({ url: `tls://localhost:${server.port}`, tls: material(own) });
  });

  it('refuses who has none, with an error that speaks of it', async () => {
    const error = await server.refuses({ url: server.url('tls'), tls: { ca: authority.cert } });
    expect(error.message).toContain('certificate');
  });

  it('refuses who has another authority’s, with an error that speaks of it', async () => {
    const foreign = material(await stranger.issue('client', ['client']));
    const error = await server.refuses({ url: server.url('tls'), tls: foreign });
    expect(error.message).toContain('NATS_TLS_CERT');
  });

  it('is not reached with a key that is none, which is shown nowhere', async () => {
    const tls = { ...material(own), key: new Secret('hunter2') };
    expect(await server.refuses({ url: server.url('tls'), tls }, 'hunter2')).toBeInstanceOf(NatsTlsError);
  });
}

function none(backend: RealBackend): void {
  const server = GuardedServer.forBlock(backend, () => Promise.resolve({}));

  it('is refused where TLS was asked for', async () => {
    expect(await server.refuses({ url: server.url('tls') })).toBeInstanceOf(NatsTlsError);
    expect(await server.refuses({ tls: { ca: authority.cert } })).toBeInstanceOf(NatsTlsError);
  });
}
