import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--selectProjects=unit',
  '--json',
];

/** What `npm run test:unit -- …` runs with these arguments. */
async function passedOf(...selection: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...JEST, ...selection], {
    cwd: new URL('..', import.meta.url),
  });
  const { testResults } = JSON.parse(stdout) as {
    testResults: { assertionResults: { status: string; title: string }[] }[];
  };
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed')
    .map(({ title }) => title);
}

it('one file and one name select one test', async () => {
  expect(await passedOf('transfers.service', '-t', 'emits exactly one')).toEqual([
    'a created transfer emits exactly one transfer.requested whose data equals the stored row',
  ]);
}, 30_000);
