import { describe, expect, it } from '@jest/globals';
import { environmentSchema } from './config.js';
import { transferLimitsFrom } from './ledger/ledger.environment.js';

const GIVEN = {
  DATABASE_URL: 'postgres://bank@127.0.0.1/accounts',
  NATS_URL: 'nats://127.0.0.1:4222',
  NATS_CLUSTER_ID: 'bank',
};
const limitsOf = (change: object) => transferLimitsFrom(environmentSchema.parse({ ...GIVEN, ...change }));

describe('the settings of accounts', () => {
  it('bind a transfer by what an amount may be, and a day by nothing', () => {
    expect(limitsOf({})).toEqual({ transferMinor: 999_999_999_999_999n, dailyMinor: undefined });
    expect(environmentSchema.parse(GIVEN).RECONCILIATION_LAG_MS).toBe(60_000);
  });

  it('take limits in minor units', () => {
    const limits = { TRANSFER_LIMIT_MINOR: '100000', DAILY_LIMIT_MINOR: '999999999999999999' };
    expect(limitsOf(limits)).toEqual({ transferMinor: 100_000n, dailyMinor: 999_999_999_999_999_999n });
  });

  it.each([
    ['TRANSFER_LIMIT_MINOR', '0'],
    ['TRANSFER_LIMIT_MINOR', '1000.00'],
    ['TRANSFER_LIMIT_MINOR', '1000000000000000'],
    ['DAILY_LIMIT_MINOR', '-1'],
    ['DAILY_LIMIT_MINOR', '1000000000000000000'],
    ['RECONCILIATION_LAG_MS', '-1'],
    ['RECONCILIATION_LAG_MS', '86400001'],
  ])('refuse %s=%s, by name', (name, value) => {
    const issues = environmentSchema.safeParse({ ...GIVEN, [name]: value }).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual([name]);
  });
});
