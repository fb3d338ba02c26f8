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

  async function start(
    environment: Record<string, string> = {},
  ): Promise<{ lab: ChildProcess; log: LogBook; pids: number[] }> {
    const lab = startLab(['start'], { TMPDIR: temporary, ...environment });
    started.push(lab);
    const log = new LogBook();
    if (lab.stdout !== null) log.record(lab.stdout);
    if (lab.stderr !== null) log.record(lab.stderr);
    await log.waitFor(/Ctrl-C stops everything/, WITHIN_MS);
    const pids = log.since(0).flatMap((line) => /^\[\w+\] runs as process (\d+)/.exec(line)?.[1] ?? []);
    return { lab, log, pids: pids.map(Number) };
  }

  /** The request of a printed curl line, sent without curl. */
  async function tryTheLine(log: LogBook, path: string): Promise<Response> {
    const line = new RegExp(`^curl -i (\\S+${path}) .* -d '(.*)'$`);
    const [, url = '', body = ''] = await log.waitFor(line, WITHIN_MS);
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'as-printed' };
    return fetch(url, { method: 'POST', headers, body });
  }

  it('prints lines that move money; on Ctrl-C all processes get the signal, end, and none is restarted', async () => {
    const { lab, log, pids } = await start();
    expect(pids).toHaveLength(2);
    const [, account = ''] = await log.waitFor(/^curl (\S+)$/, WITHIN_MS);
    const balance = (minor: string) =>
      until(`a balance of ${minor}`, WITHIN_MS, async () => {
        const { balanceMinor } = (await (await fetch(account)).json()) as { balanceMinor: string };
        return balanceMinor === minor ? true : undefined;
      });
    expect((await tryTheLine(log, '/v1/deposits')).status).toBe(202);
    await balance('7000');
    expect((await tryTheLine(log, '/v1/transfers')).status).toBe(202);
    await balance('5750');
    const closed = once(lab, 'close');
    process.kill(-(lab.pid ?? 0), 'SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
    const lines = log.since(0).join('\n');
    expect(lines).not.toContain('it is restarted');
    expect(lines).not.toContain('NATS connection lost');
    expect(lines.match(/NATS connection closed \(asked to stop\)/g)).toHaveLength(2);
  });

  it('takes typed commands: with the cable cut a deposit is lost, and both databases are shown to disagree', async () => {
    const { lab, log } = await start({ EVENT_DELIVERY: 'direct' });
    const type = async (command: string, answer: RegExp) => {
      const mark = log.end;
      lab.stdin?.write(`${command}\n`);
      return log.waitFor(answer, WITHIN_MS, mark);
    };
    await type('cut', /^the cable between transactions and NATS is cut/);
    const answer = await tryTheLine(log, '/v1/deposits');
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { type: '/problems/publish-unconfirmed' },
    ]);
    await type('mend', /^the cable is mended/);
    await type('look', /^the auditor: 1 lost: recorded, never posted, and the broker never had it/);
    const lines = log.since(0).join('\n');
    expect(lines).toMatch(/^ {2}deposit \S+ {2}EUR 70\.00 {2}pending$/m);
    expect(lines).toMatch(/^ {2}Ada {2}EUR 0\.00$/m);
    const closed = once(lab, 'close');
    lab.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  });

  it('a service that is killed is restarted at the same address', async () => {
    const { lab, log, pids } = await start();
    const [, url = ''] = await log.waitFor(/^transactions +(\S+)$/, WITHIN_MS);
    const [, pid] = await log.waitFor(/^\[transactions\] runs as process (\d+)/, WITHIN_MS);
    const transactions = Number(pid);
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
