import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { unprivilegedUser } from './system-user.js';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin
# a comment
postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash
`;

function asUser(uid: number): void {
  jest.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid);
}

describe('the user that PostgreSQL runs as', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is the present one unless that is root', () => {
    asUser(1000);
    expect(unprivilegedUser(() => PASSWD)).toBeNull();
  });

  it('is postgres where root finds it', () => {
    asUser(0);
    expect(unprivilegedUser(() => PASSWD)).toEqual({ name: 'postgres', uid: 101, gid: 104 });
  });

  it('is nobody where there is no postgres', () => {
    asUser(0);
    const passwd = PASSWD.replace(/^postgres.*$/m, '');
    expect(unprivilegedUser(() => passwd)).toEqual({ name: 'nobody', uid: 65534, gid: 65533 });
  });

  it('is nobody at all where root finds neither, or only one that is root again', () => {
    asUser(0);
    expect(
      unprivilegedUser(() => 'root:x:0:0::/root:/bin/sh\npostgres:x:0:0::/root:/bin/sh\n'),
    ).toBeUndefined();
  });
});
