import { describe, it } from '@jest/globals';
import { findBinary } from './server-process.js';

/**
 * Registers tests that need a real server: `npm run test:real` (TEST_REAL=1). A binary that is missing there
 * fails in CI, where somebody is to see it, and is a test that was not run elsewhere.
 *
 * @param binary its name, and the variable that may name its path
 */
export function onRealServers(title: string, binary: readonly [string, string], tests: () => void): void {
  const [name, variable] = binary;
  const { TEST_REAL, CI } = process.env;
  describe(title, () => {
    if (TEST_REAL !== '1') {
      it.todo(`runs with npm run test:real, on ${name}`);
    } else if (findBinary(name, variable) !== undefined) {
      tests();
    } else if (CI) {
      it(`finds ${name}`, () => {
        throw new Error(`No ${name}: put it on the PATH, or its path into ${variable}`);
      });
    } else {
      it.todo(`not run: no ${name} on the PATH or in ${variable}`);
    }
  });
}
