import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { AccountsUnderTest, type TestCaller } from '../../testing/accounts-fixture.js';
import type { Page } from '../paging/page.schema.js';
import type { AccountView } from './account.schema.js';
import type { StatusChange } from './change-status.js';

jest.setTimeout(30_000);

const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';
const ADA: TestCaller = { subject: 'ada', scopes: ['accounts:read', 'accounts:write'] };
const BOB: TestCaller = { ...ADA, subject: 'bob' };

let bank: AccountsUnderTest;

beforeAll(async () => {
  bank = await AccountsUnderTest.start();
});
afterEach(() => bank.reset());
afterAll(() => bank.stop());

async function change(what: StatusChange, id: string, request: { ifMatch?: string; as?: TestCaller } = {}) {
  const answer = await bank.request('POST', `/v1/accounts/${id}/${what}`, {
    ...(request.ifMatch !== undefined && { headers: { 'if-match': request.ifMatch } }),
    ...(request.as && { as: request.as }),
  });
  const { status, type } = answer.json<{ status: string | number; type?: string }>();
  return [answer.status, type?.replace('/problems/', '') ?? status, answer.headers.get('etag')];
}

describe('freezing, unfreezing and closing', () => {
  it('changes the status and the version, once; again it stays as it is', async () => {
    const id = await bank.open('0');
    expect(await change('freeze', id)).toEqual([200, 'frozen', '"2"']);
    expect(await change('freeze', id)).toEqual([200, 'frozen', '"2"']);
    expect(await change('unfreeze', id)).toEqual([200, 'active', '"3"']);
    expect(await change('unfreeze', id)).toEqual([200, 'active', '"3"']);
    expect(await change('close', id)).toEqual([200, 'closed', '"4"']);
    expect(await change('close', id)).toEqual([200, 'closed', '"4"']);
    expect(await bank.account(id)).toMatchObject({ status: 'closed', version: '4' });
  });

  it('is refused where the account’s state forbids it', async () => {
    const [full, frozen, closed] = [await bank.open('1'), await bank.open('0'), await bank.open('0')];
    await change('freeze', frozen);
    await change('close', closed);
    expect(await change('close', full)).toEqual([409, 'account-not-empty', null]);
    expect(await change('close', frozen)).toEqual([409, 'account-frozen', null]);
    expect(await change('freeze', closed)).toEqual([409, 'account-closed', null]);
    expect(await change('unfreeze', closed)).toEqual([409, 'account-closed', null]);
  });

  it('with If-Match only the version that is named', async () => {
    const id = await bank.open('0');
    expect(await change('freeze', id, { ifMatch: '"2"' })).toEqual([412, 'version-mismatch', null]);
    expect(await change('freeze', id, { ifMatch: 'W/"1"' })).toEqual([412, 'version-mismatch', null]);
    expect(await change('freeze', id, { ifMatch: '"1"' })).toEqual([200, 'frozen', '"2"']);
    expect(await change('unfreeze', id, { ifMatch: '*' })).toEqual([200, 'active', '"3"']);
  });

  it('of many with the same If-Match one changes the account', async () => {
    const id = await bank.open('0');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => change('freeze', id, { ifMatch: '"1"' })),
    );
    expect(answers.map(([status]) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
  });

  it('of an account that is not there, or is the bank’s own, is 404', async () => {
    await bank.open('1');
    for (const id of [UNKNOWN_ID, systemAccountId('EUR')]) {
      for (const what of ['freeze', 'unfreeze', 'close'] as const) {
        expect(await change(what, id)).toEqual([404, 'account-not-found', null]);
      }
    }
  });
});

describe('two callers', () => {
  it('open accounts of their own, with nothing on them', async () => {
    const opened = await bank.request('POST', '/v1/accounts', { as: ADA, body: { currency: 'EUR' } });
    expect([opened.status, opened.json<AccountView>().owner]).toEqual([201, 'ada']);
    for (const body of [
      { currency: 'EUR', openingBalanceMinor: '1' },
      { currency: 'EUR', owner: 'bob' },
    ]) {
      const refused = await bank.request('POST', '/v1/accounts', { as: ADA, body });
      expect([refused.status, refused.json<{ type: string }>().type]).toEqual([
        403,
        '/problems/insufficient-scope',
      ]);
      expect(refused.headers.get('www-authenticate')).toContain('scope="bank:admin"');
    }
    expect(await bank.rows('select 1 from account')).toHaveLength(1);
  });

  it('see and close what is theirs; what is the other’s is as what does not exist', async () => {
    const id = await bank.open('0', { owner: 'ada' });
    const unknown = await bank.request('GET', `/v1/accounts/${UNKNOWN_ID}`, { as: BOB });
    for (const path of ['', '/entries']) {
      const url = `/v1/accounts/${id}${path}`;
      expect((await bank.request('GET', url, { as: ADA })).status).toBe(200);
      const refused = await bank.request('GET', url, { as: BOB });
      expect(refused.status).toBe(404);
      expect(refused.text.replaceAll(id, UNKNOWN_ID)).toBe(unknown.text);
    }
    expect(await change('close', id, { as: BOB, ifMatch: '"1"' })).toEqual([404, 'account-not-found', null]);
    expect(await change('close', id, { as: ADA })).toEqual([200, 'closed', '"2"']);
  });

  it('list what is theirs, and nothing of the other’s or of the bank', async () => {
    const ids = [await bank.open('1', { owner: 'ada' }), await bank.open('1', { owner: 'bob' })];
    const list = async (query: string, as?: TestCaller) =>
      (await bank.request('GET', `/v1/accounts${query}`, { ...(as && { as }) }))
        .json<Page<AccountView>>()
        .items.map(({ id }) => id);
    expect(await list('', ADA)).toEqual([ids[0]]);
    expect(await list('?owner=ada', ADA)).toEqual([ids[0]]);
    expect(await list('?owner=ada', BOB)).toEqual([]);
    expect(await list('')).toEqual([ids[1], ids[0]]);
  });

  it('a subject that is called as the bank’s own accounts’ owner does not see them', async () => {
    await bank.open('1');
    const as: TestCaller = { ...ADA, subject: 'bank' };
    const url = `/v1/accounts/${systemAccountId('EUR')}`;
    expect((await bank.request('GET', url, { as })).status).toBe(404);
    expect((await bank.request('GET', url)).status).toBe(200);
    expect((await bank.request('GET', '/v1/accounts', { as })).json()).toEqual({ items: [] });
  });
});
