import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { entryOf } from '../parts/repository.js';
import { Supervised } from '../parts/supervised.js';

jest.setTimeout(60_000);
const WITHIN_MS = 30_000;

describe('a mutant that cannot be planted', () => {
  let service: Supervised | undefined;
  afterEach(() => service?.stop());

  it.each([
    ['nobody knows it', 'no-such-mutant', /no mutant is called no-such-mutant; there are: no-inbox, /],
    [
      'the program does not have its file',
      'no-idempotency-record',
      /mutant no-idempotency-record changes apps\/transactions\/src\/\S+, which this program does not have/,
    ],
    [
      'its text is gone, taken out by another one',
      'no-inbox,no-inbox',
      /mutant no-inbox: expected exactly once in libs\/outbox\/src\/inbox\/inbox\.ts, found 0 times/,
    ],
  ])('ends the process at its start: %s', async (_because, mutants, message) => {
    service = new Supervised({
      name: 'accounts',
      script: entryOf('accounts'),
      agent: { mutants: mutants.split(',') },
    });
    service.start();
    await service.waitForLine(message, WITHIN_MS);
    expect(await service.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 1 });
  });
});
