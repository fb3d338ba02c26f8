import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../src/parts/deadline.js';
import { LogBook } from '../src/parts/log-book.js';
import { isAlive } from '../src/parts/process-facts.js';
import { startLab } from './lab-process.js';

jest.setTimeout(120_000);
const WITHIN_MS = 60_000;

describe('npm run start, on parts of its own', () => {
  let temporary: string;
  const started: ChildProcess[] = [];

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'start-e2e-'));
    await chmod(temporary, 0o755);
  });

  afterEach(async () => {
    for (const lab of started.splice(0)) lab.kill('SIGKILL'); // where a test has failed; elsewhere it is gone
    await until('nothing to be left in the temporary directory', WITHIN_MS, async () =>
      (await readdir(temporary)).length === 0 ? true : undefined,
    );
    await rm(temporary, { recursive: true });
  });

  async function start(): Promise<{ lab: ChildProcess; log: LogBook; pids: number[] }> {
    const lab = startLab(['start'], { TMPDIR: temporary });
    started.push(lab);
    const log = new LogBook();
    if (lab.stdout !== null) log.record(lab.stdout);
    if (lab.stderr !== null) log.record(lab.stderr);
    await log.waitFor(/Ctrl-C stops everything/, WITHIN_MS);
    const pids = log.since(0).flatMap((line) => /^\[\w+\] \[Nest\] (\d+)/.exec(line)?.[1] ?? []);
    return { lab, log, pids: [...new Set(pids)].map(Number) };
  }

  /** The request of the printed curl line, sent without curl. */
  async function tryTheLine(log: LogBook): Promise<Response> {
    const [, url = '', body = ''] = await log.waitFor(/^curl -i (\S+) .* -d '(.*)'$/, WITHIN_MS);
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'as-printed' };
    return fetch(url, { method: 'POST', headers, body });
  }

  it('prints a line that moves money; on Ctrl-C all processes get the signal, end, and none is restarted', async () => {
    const { lab, log, pids } = await start();
    expect(pids).toHaveLength(2);
    expect((await tryTheLine(log)).status).toBe(202);
    const [, account = ''] = await log.waitFor(/^curl (\S+)$/, WITHIN_MS);
    await until('the money to arrive', WITHIN_MS, async () => {
      const { balanceMinor } = (await (await fetch(account)).json()) as { balanceMinor: string };
      return balanceMinor === '1001250' ? true : undefined;
    });
    const closed = once(lab, 'close');
    process.kill(-(lab.pid ?? 0), 'SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
    const lines = log.since(0).join('\n');
    expect(lines).not.toContain('it is restarted');
    expect(lines).not.toContain('NATS connection lost');
    expect(lines.match(/NATS connection closed \(asked to stop\)/g)).toHaveLength(2);
  });

  it('a service that is killed is restarted at the same address', async () => {
    const { lab, log, pids } = await start();
    const [, url = ''] = await log.waitFor(/^transactions +(\S+)$/, WITHIN_MS);
    const transactions = Number((await log.waitFor(/^\[transactions\] \[Nest\] (\d+)/, WITHIN_MS))[1]);
    expect(pids).toContain(transactions);
    const mark = log.end;
    process.kill(transactions, 'SIGKILL');
    await log.waitFor(/^\[transactions\] ended \(SIGKILL\); it is restarted/, WITHIN_MS, mark);
    await log.waitFor(new RegExp(`^\\[transactions\\] .*Listening on ${url}`), WITHIN_MS, mark);
    const closed = once(lab, 'close');
    lab.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  });

  it('killed by kill -9 it leaves no process, and the next start works', async () => {
    const { lab, pids } = await start();
    lab.kill('SIGKILL');
    await until('the services to end', WITHIN_MS, () => (pids.some(isAlive) ? undefined : true));
    const next = await start();
    const closed = once(next.lab, 'close');
    next.lab.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  });
});
