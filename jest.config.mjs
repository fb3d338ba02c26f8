import { availableParallelism } from 'node:os';

/** What all Jest projects share: TypeScript as ESM through swc, and the doors of the libraries by name. */
const shared = {
  rootDir: '.',
  testEnvironment: '<rootDir>/test/node-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  clearMocks: true,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { decoratorMetadata: true, legacyDecorator: true },
          keepClassNames: true,
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
};

const doors = {
  '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  '^@app/([^/]+)/testing$': '<rootDir>/libs/$1/testing/index.ts',
  '^(\\.{1,2}/.*)\\.js$': '$1',
};

export default {
  // Some specs keep a core busy and some wait for processes: with one more than there are cores none is idle.
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/test/longest-first.mjs',
  // What a spec has loaded as ESM stays in its worker: one worker for all 145 had 3.7 GB, and was half as fast.
  workerIdleMemoryLimit: '1GB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,deploy,scripts,docs}/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.(int|e2e)\\.spec\\.ts$', '/node_modules/', '<rootDir>/dist/'],
      setupFilesAfterEnv: ['<rootDir>/test/unit.setup.ts'],
      // The one place that redirects the client: no unit test opens a socket to a broker.
      moduleNameMapper: {
        '^node-nats-streaming$': '<rootDir>/libs/nats/testing/fake-node-nats-streaming.ts',
        ...doors,
      },
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/{apps,libs,scripts}/**/*.int.spec.ts'],
      moduleNameMapper: doors,
      globalSetup: '<rootDir>/test/start-postgres.mjs',
      globalTeardown: '<rootDir>/test/stop-postgres.mjs',
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/{apps,libs}/**/*.e2e.spec.ts'],
      // Those run in CI, by `npm run test:real` and when they are named: there is no time for them in every run.
      testPathIgnorePatterns: [
        '/node_modules/',
        ...(process.env.TEST_LONG ? [] : ['\\.long\\.e2e\\.spec\\.ts$']),
      ],
      moduleNameMapper: doors,
      globalSetup: '<rootDir>/test/start-postgres.mjs',
      globalTeardown: '<rootDir>/test/stop-postgres.mjs',
    },
  ],
};
