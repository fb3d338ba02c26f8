import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '..');
const compiler = join(root, 'node_modules/typescript/bin/tsc');
/** As somebody might compile, who has neither this project's configuration nor its paths. */
const COMPILER_OPTIONS =
  '--module nodenext --target es2023 --strict --skipLibCheck --types node --experimentalDecorators --emitDecoratorMetadata';

interface Manifest {
  readonly name: string;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional: boolean }>;
}

/** An application outside of this project, with some of its libraries packed as `npm publish` would pack them. */
export class LiftedApplication {
  private constructor(private readonly directory: string) {}

  /**
   * Packs the libraries, unpacks them beside the peers that they require, and compiles the application.
   *
   * @param libraries directories under `libs`
   * @param main the path of the application's one source file
   */
  static async create(libraries: readonly string[], main: string): Promise<LiftedApplication> {
    const application = new LiftedApplication(await mkdtemp(join(tmpdir(), 'lifted-')));
    try {
      await application.fill(libraries, main);
    } catch (error) {
      await application.remove();
      throw error;
    }
    return application;
  }

  /** Where a package is unpacked. */
  pathOf(packageName: string): string {
    return join(this.directory, 'app/node_modules', packageName);
  }

  /** Runs it to its end with these variables and `PATH`. @returns what it printed */
  async run(environment: Record<string, string>): Promise<string> {
    const env = { PATH: process.env['PATH'], ...environment };
    const { stdout } = await execute(process.execPath, ['main.js'], {
      cwd: join(this.directory, 'app'),
      env,
    });
    return stdout;
  }

  /** The first word of the bank's in each compiled file of a package, comments aside; `none` as it ought to be. */
  async wordsOfTheBank(packageName: string): Promise<ReadonlyMap<string, string>> {
    const dist = join(this.pathOf(packageName), 'dist');
    const files = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js'));
    const words = new Map<string, string>();
    for (const name of files) {
      const text = (await readFile(join(dist, name), 'utf8')).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      words.set(name, /transfer\.|accounts?\b|ledger|@app\//i.exec(text)?.[0] ?? 'none');
    }
    return words;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async fill(libraries: readonly string[], main: string): Promise<void> {
    const manifests: Manifest[] = [];
    for (const library of libraries) manifests.push(await this.unpack(library));
    const own = manifests.map(({ name }) => name);
    const peers = manifests.flatMap(({ peerDependencies, peerDependenciesMeta = {} }) =>
      Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional),
    );
    for (const name of new Set([...peers, 'reflect-metadata', '@types/node'])) {
      if (own.includes(name)) continue;
      await mkdir(dirname(this.pathOf(name)), { recursive: true });
      await symlink(join(root, 'node_modules', name), this.pathOf(name), 'dir');
    }
    const app = join(this.directory, 'app');
    await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module' }));
    await copyFile(main, join(app, 'main.ts'));
    await execute(process.execPath, [compiler, ...COMPILER_OPTIONS.split(' '), 'main.ts'], { cwd: app });
  }

  private async unpack(library: string): Promise<Manifest> {
    const source = join(root, 'libs', library);
    const stage = join(this.directory, library);
    await mkdir(stage);
    for (const name of ['package.json', 'README.md']) await copyFile(join(source, name), join(stage, name));
    const dist = join(stage, 'dist');
    await execute(process.execPath, [compiler, '-p', join(source, 'tsconfig.build.json'), '--outDir', dist]);
    const rename = join(source, 'published-names.mjs');
    if (existsSync(rename)) await execute(process.execPath, [rename, dist]);
    await execute('npm', ['pack', '--ignore-scripts', '--offline'], { cwd: stage });
    const packed = (await readdir(stage)).find((name) => name.endsWith('.tgz'));
    const manifest = JSON.parse(await readFile(join(stage, 'package.json'), 'utf8')) as Manifest;
    const unpacked = this.pathOf(manifest.name);
    await mkdir(unpacked, { recursive: true });
    await execute('tar', ['-xzf', join(stage, packed!), '--strip-components=1', '-C', unpacked]);
    return manifest;
  }
}
