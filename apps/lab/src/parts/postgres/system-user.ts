import { readFileSync } from 'node:fs';

/** A user of this machine, as a child process can be given it. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Unprivileged users that a machine has without anybody making them, the fittest first (`_postgres`: macOS). */
const CANDIDATES = ['postgres', '_postgres', 'nobody'];

/**
 * PostgreSQL refuses to run as root. Nothing is created: a user that exists already is borrowed.
 * @returns null where this process is not root, undefined where it is and no fit user exists
 */
export function unprivilegedUser(passwd = readPasswd): SystemUser | null | undefined {
  if (process.getuid?.() !== 0) return null;
  const users = parsePasswd(passwd());
  return CANDIDATES.map((name) => users.get(name)).find((user) => user !== undefined && user.uid !== 0);
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

function parsePasswd(text: string): Map<string, SystemUser> {
  const users = new Map<string, SystemUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined && uid !== undefined && gid !== undefined && !line.startsWith('#')) {
      users.set(name, { name, uid: Number(uid), gid: Number(gid) });
    }
  }
  return users;
}
