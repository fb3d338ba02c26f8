import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ALGORITHM = 'ES256';
const KEY_ID = 'key';

/** A stand-in for the identity provider of a bank: its key set, which may be out of order, and its tokens. */
export interface KeySet {
  readonly url: string;
  /** Until then it answers 503. */
  open(): void;
  token(subject: string, scope?: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts one that is out of order. */
export async function startKeySet(): Promise<KeySet> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM);
  const keys = [{ ...(await exportJWK(publicKey)), kid: KEY_ID, alg: ALGORITHM }];
  let isOpen = false;
  const server = createServer((_request, response) => {
    response.writeHead(isOpen ? 200 : 503, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ keys }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/keys`,
    open: () => (isOpen = true),
    token: (subject, scope = '') =>
      new SignJWT({ scope })
        .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID })
        .setSubject(subject)
        .setExpirationTime('1h')
        .sign(privateKey),
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
