import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

/** The compiler runs twice, and takes some seconds each time. */
jest.setTimeout(120_000);

const run = promisify(execFile);
const library = join(import.meta.dirname, '..');
const root = join(library, '../..');
const compiler = join(root, 'node_modules/typescript/bin/tsc');

interface Manifest {
  readonly name: string;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional: boolean }>;
}

let directory: string;
let manifest: Manifest;

/** Packs the library as `npm publish` would, and unpacks it into an application with its required peers only. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lifted-'));
  manifest = JSON.parse(await readFile(join(library, 'package.json'), 'utf8')) as Manifest;
  const [stage, app] = [join(directory, 'stage'), join(directory, 'app')];
  await mkdir(stage);
  await copyFile(join(library, 'package.json'), join(stage, 'package.json'));
  await copyFile(join(library, 'README.md'), join(stage, 'README.md'));
  await run(process.execPath, [
    compiler,
    '-p',
    join(library, 'tsconfig.build.json'),
    '--outDir',
    join(stage, 'dist'),
  ]);
  await run('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', directory], {
    cwd: stage,
  });
  const packed = (await readdir(directory)).find((name) => name.endsWith('.tgz'));
  const unpacked = join(app, 'node_modules', manifest.name);
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', join(directory, packed!), '--strip-components=1', '-C', unpacked]);
  const { peerDependencies, peerDependenciesMeta } = manifest;
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  const needed = [...peers, 'reflect-metadata', '@types/node'];
  for (const name of needed) {
    const link = join(app, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', name), link, 'dir');
  }
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module' }));
  await copyFile(join(import.meta.dirname, 'lifted-app.fixture.txt'), join(app, 'main.ts'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the packed library', () => {
  it('serves an application with events of its own, by its two doors and its types', async () => {
    const app = join(directory, 'app');
    const options = [
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--strict',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
    await run(process.execPath, [compiler, ...options, ...decorators, 'main.ts'], { cwd: app });

    await using server = await StreamingServer.start({ clusterId: 'greenhouse' });
    const { stdout } = await run(process.execPath, ['main.js'], {
      cwd: app,
      env: { PATH: process.env['PATH'], NATS_URL: server.url, NATS_CLUSTER_ID: 'greenhouse' },
    });
    expect(stdout).toContain('HEARD {"plant":"fern","litres":2}');
    expect(stdout).toContain('FAKED 1');
  });

  it('holds the compiled library and its guide, and no test of its own', async () => {
    const unpacked = join(directory, 'app/node_modules', manifest.name);
    expect((await readdir(unpacked)).sort()).toEqual(['README.md', 'dist', 'package.json']);
    const files = await readdir(join(unpacked, 'dist'), { recursive: true });
    expect(files.filter((name) => /\.spec\.|contract/.test(name))).toEqual([]);
  });

  it('knows no event of the bank', async () => {
    const compiled = join(directory, 'app/node_modules', manifest.name, 'dist/src');
    const files = (await readdir(compiled, { recursive: true })).filter((name) => name.endsWith('.js'));
    expect(files.length).toBeGreaterThan(20);
    for (const name of files) {
      const text = (await readFile(join(compiled, name), 'utf8')).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(`${name}: ${/transfer\.|accounts?\b|ledger|@app\//i.exec(text)?.[0] ?? 'none'}`).toBe(
        `${name}: none`,
      );
    }
  });
});
