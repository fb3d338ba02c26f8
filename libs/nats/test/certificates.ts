import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key, as PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Elliptic keys are made in a millisecond, those of RSA in a tenth of a second. */
const KIND = { keyType: 'ec', algorithm: 'sha256' } as const;

/** A certificate authority that lives as long as the test. */
export class Authority {
  private constructor(private readonly own: Certificate) {}

  static async create(name: string): Promise<Authority> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      ...KIND,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, critical: true },
      ],
    });
    return new Authority({ cert, key });
  }

  /** The certificate that whoever trusts this authority must know. */
  get cert(): string {
    return this.own.cert;
  }

  /** @param hosts names and IP addresses that it is good for, as a server's or as a client's */
  async issue(name: string, hosts: readonly string[]): Promise<Certificate> {
    const altNames = hosts.map((host) =>
      isIP(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
    );
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      ...KIND,
      ca: this.own,
      extensions: [
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames },
      ],
    });
    return { cert, key };
  }
}

/** Puts a server's certificate where it reads it: the paths of `ca`, `cert` and `key`. */
export async function writeCertificate(
  directory: string,
  authority: Authority,
  { cert, key }: Certificate,
): Promise<{ ca: string; cert: string; key: string }> {
  const write = async (name: string, pem: string) => {
    const path = join(directory, `${name}.pem`);
    await writeFile(path, pem, { mode: 0o600 });
    return path;
  };
  const [caPath, certPath, keyPath] = await Promise.all([
    write('ca', authority.cert),
    write('cert', cert),
    write('key', key),
  ]);
  return { ca: caPath, cert: certPath, key: keyPath };
}
