import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bankEvents } from '@app/contracts';
import { RecordedLog } from '@app/nats/testing';
import { apiDocuments, handlersOf, previewService } from '@app/service';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { schemas as asyncApiSchemas } from '@asyncapi/specs';
import { validate as validateOpenApi } from '@readme/openapi-parser';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { AppModule as AccountsModule } from '../../apps/accounts/src/app.module.js';
import { environmentSchema as accountsEnvironment } from '../../apps/accounts/src/config.js';
import { AppModule as TransactionsModule } from '../../apps/transactions/src/app.module.js';
import { environmentSchema as transactionsEnvironment } from '../../apps/transactions/src/config.js';
import { ANY_ENVIRONMENT, SYSTEM } from './documented-system.mjs';

jest.setTimeout(60_000);

const DOCS = join(import.meta.dirname, '..');
const AS_COMMITTED = 'as `npm run docs:api` writes it';

/** With the operators' addresses, which are there only with a token. */
const WITH_OPERATORS = { ...ANY_ENVIRONMENT, OUTBOX_OPS_TOKEN: 'a token of some length' };

const services = (environment: Readonly<Record<string, string>>) => ({
  accounts: AccountsModule.for(accountsEnvironment.parse(environment)),
  transactions: TransactionsModule.for(transactionsEnvironment.parse(environment)),
});

let generated: ReadonlyMap<string, unknown>;

/** JSON as a value: how it is laid out is prettier's business. */
async function committed(path: string): Promise<unknown> {
  const text = await readFile(join(DOCS, path), 'utf8').catch(() => 'null');
  return path.endsWith('.json') ? JSON.parse(text) : text;
}

beforeAll(async () => {
  RecordedLog.start();
  generated = await apiDocuments({ ...SYSTEM, registry: bankEvents, services: services(ANY_ENVIRONMENT) });
});

describe.each(['accounts', 'transactions'] as const)('every handler of %s', (service) => {
  const handlers = async () => handlersOf(await previewService(services(WITH_OPERATORS)[service]));

  it('says who is let in: everybody, or who has its scopes', async () => {
    const silent = (await handlers()).filter(({ open, scopes }) => open === scopes.length > 0);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('is documented, under a name of its own, but for those of the operators', async () => {
    const all = await handlers();
    const undocumented = all.filter(({ document }) => !document).map(({ name }) => name);
    expect(undocumented.filter((name) => !name.startsWith('OutboxOpsController.'))).toEqual([]);
    const ids = all.flatMap(({ document }) => document?.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(undocumented.length).toBeGreaterThan(0);
  });
});

describe('a generated document', () => {
  it.each([
    'api/accounts.openapi.json',
    'api/transactions.openapi.json',
    'api/bank.asyncapi.json',
    ...Object.entries(bankEvents.definitions).map(
      ([type, { version }]) => `api/events/${type}-${version}.json`,
    ),
    'errors.md',
  ])(`is committed ${AS_COMMITTED}: %s`, async (path) => {
    expect(await committed(path)).toEqual(generated.get(path));
  });

  it.each(['accounts', 'transactions'])('of the API of %s is OpenAPI 3.1', async (service) => {
    const document = generated.get(`api/${service}.openapi.json`) as { openapi: string };
    expect(document.openapi).toBe('3.1.0');
    const result = await validateOpenApi(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true });
  });

  it('of the events is AsyncAPI 3', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    addFormats.default(ajv);
    const validate = ajv.compile(asyncApiSchemas['3.0.0'] as object);
    validate(generated.get('api/bank.asyncapi.json'));
    expect(validate.errors).toBeNull();
  });

  it('of an event, of old versions too, is a JSON Schema under the name that its version has', async () => {
    const files = await readdir(join(DOCS, 'api/events'));
    const ajv = new Ajv2020();
    addFormats.default(ajv);
    for (const file of files) {
      const schema = (await committed(`api/events/${file}`)) as object;
      ajv.compile(schema);
      const [, type, version] = /^(.+)-(\d+\.\d+)\.json$/.exec(file) ?? [];
      expect(schema).toMatchObject({ $id: `${SYSTEM.namespace}:${type}:${version}` });
    }
    expect(files.length).toBeGreaterThan(Object.keys(bankEvents.definitions).length);
  });

  it('of the errors describes every problem that an operation names', () => {
    const page = generated.get('errors.md') as string;
    const named = JSON.stringify([...generated.values()]).matchAll(/\/problems\/([a-z-]+)/g);
    for (const [, name] of named) expect(page).toContain(`\n## ${name}\n`);
  });
});
