import shared from '../../../jest.config.mjs';

const { transform, moduleNameMapper, extensionsToTreatAsEsm, modulePathIgnorePatterns } =
  shared.projects.find(({ displayName }) => displayName === 'e2e');

/** The tests that need a real broker, and no database: `npm run test:real`. */
const config = {
  rootDir: '../../..',
  displayName: 'real',
  testEnvironment: 'node',
  testMatch: [
    '<rootDir>/libs/nats/test/{real,cluster}.e2e.spec.ts',
    '<rootDir>/libs/**/contract.real.e2e.spec.ts',
  ],
  clearMocks: true,
  transform,
  moduleNameMapper,
  extensionsToTreatAsEsm,
  modulePathIgnorePatterns,
};

export default config;
