import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from './deadline.js';
import { isAlive } from './process-facts.js';
import { labFile } from './repository.js';
import { Supervised } from './supervised.js';

const WITHIN_MS = 15_000;
jest.setTimeout(30_000);

describe('Supervised', () => {
  let directory: string;
  let program: Supervised | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'supervised-spec-'));
  });

  afterEach(async () => {
    await program?.stop();
    await rm(directory, { recursive: true });
  });

  async function supervise(source: string): Promise<Supervised> {
    const script = join(directory, 'program.mjs');
    await writeFile(script, source);
    program = new Supervised({ name: 'program', script, environment: { GREETING: 'hello' } });
    program.start();
    return program;
  }

  const waits = 'console.log("up", process.env.GREETING); setInterval(() => {}, 1000);';

  it('starts a program that ends by itself again, and knows how each process ended', async () => {
    const running = await supervise(
      `${waits} if (!process.env.NEVER) setTimeout(() => process.exit(75), 50);`,
    );
    await running.waitForExit(2, WITHIN_MS);
    expect(running.exits.slice(0, 2).map(({ code, signal }) => [code, signal])).toEqual([
      [75, null],
      [75, null],
    ]);
  });

  it('a wait with a mark does not take the line of an earlier process for the next one', async () => {
    const running = await supervise(waits);
    await running.waitForLine(/up hello/, WITHIN_MS);
    const [before, mark] = [running.pid, running.log.end];
    running.kill('SIGKILL');
    await running.waitForLine(/up hello/, WITHIN_MS, mark);
    expect(running.exits.map(({ signal }) => signal)).toEqual(['SIGKILL']);
    expect(running.pid).not.toBe(before);
  });

  it.each([
    ['exits with code 0', 'process.exit(0)'],
    ['ends by SIGTERM', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)'],
    ['ends by SIGINT', 'process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000)'],
  ])('does not start a program again that %s', async (_case, source) => {
    const running = await supervise(source);
    const restarts = new Promise<boolean>((resolve) => running.onExit((_exit, again) => resolve(again)));
    expect(await restarts).toBe(false);
    expect(running.pid).toBeUndefined();
  });

  it('a program can be started again after it was stopped', async () => {
    const running = await supervise(waits);
    await running.waitForLine(/up/, WITHIN_MS);
    await running.stop();
    const mark = running.log.end;
    running.start();
    await running.waitForLine(/up/, WITHIN_MS, mark);
    expect(running.exits).toHaveLength(1);
  });

  it('stop waits until the process is gone, and it is not started again', async () => {
    const running = await supervise(`process.on("SIGTERM", () => process.exit(75)); ${waits}`);
    await running.waitForLine(/up/, WITHIN_MS);
    const { pid = 0 } = running;
    await Promise.all([running.stop(), running.stop()]);
    expect(isAlive(pid)).toBe(false);
    expect(running.exits.map(({ code }) => code)).toEqual([75]);
  });

  it('stop asks the process once, however often it is called', async () => {
    const asked = `if (++times > 1) process.exit(1); console.log("asked"); setTimeout(() => process.exit(75), 500);`;
    const running = await supervise(`let times = 0; process.on("SIGTERM", () => { ${asked} }); ${waits}`);
    await running.waitForLine(/up/, WITHIN_MS);
    const stopped = running.stop();
    await running.waitForLine(/asked/, WITHIN_MS);
    await Promise.all([stopped, running.stop()]);
    expect(running.exits.map(({ code }) => code)).toEqual([75]);
  });

  it('gives up a program that fails five times in a row, and says what it said last', async () => {
    const running = await supervise('console.error("no such luck"); process.exit(3);');
    await expect(running.waitForLine(/never/, WITHIN_MS)).rejects.toThrow(
      /failed 5 times in a row\n(no such luck\n?)+/,
    );
    expect([running.failed, running.exits.length]).toEqual([true, 5]);
  });

  it('the error of a wait in vain shows the last lines', async () => {
    const running = await supervise(waits);
    await running.waitForLine(/up/, WITHIN_MS);
    await expect(running.waitForLine(/never/, 50)).rejects.toThrow(
      /in vain for a line like \/never\/\nup hello/,
    );
  });

  it('the program sees its own settings and not those of the lab', async () => {
    process.env['NATS_URL'] = 'nats://not-for-the-program';
    try {
      const running = await supervise('console.log(`env ${process.env.NATS_URL} ${process.env.GREETING}`);');
      const [line] = await running.waitForLine(/env .*/, WITHIN_MS);
      expect(line).toBe('env undefined hello');
    } finally {
      delete process.env['NATS_URL'];
    }
  });

  it('the program ends with the process that supervises it, even if that is killed', async () => {
    await writeFile(
      join(directory, 'program.mjs'),
      'console.log(`pid ${process.pid}`); setInterval(() => {}, 1000);',
    );
    await writeFile(
      join(directory, 'lab.mjs'),
      `import { Supervised } from ${JSON.stringify(pathToFileURL(labFile('parts/supervised.js')).href)};
       const program = new Supervised({ name: 'program', script: ${JSON.stringify(join(directory, 'program.mjs'))} });
       program.start();
       console.log((await program.waitForLine(/pid \\d+/, 10_000))[0]);`,
    );
    const lab = spawn(process.execPath, [join(directory, 'lab.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(lab.stdout, 'data')) as [Buffer];
    const pid = Number(/\d+/.exec(line.toString())?.[0]);
    expect(isAlive(pid)).toBe(true);
    lab.kill('SIGKILL');
    await until('the program to end', WITHIN_MS, () => (isAlive(pid) ? undefined : true));
  });
});
