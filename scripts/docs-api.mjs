/** Writes the generated documents below docs/, from the built services: `npm run docs:api`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Logger } from '@nestjs/common';
import { format, resolveConfig } from 'prettier';
import { ANY_ENVIRONMENT, SYSTEM } from '../docs/api/documented-system.mjs';

const DOCS = join(import.meta.dirname, '../docs');

/** A module of a built service. */
const built = (service, path) =>
  import(pathToFileURL(resolve(import.meta.dirname, `../dist/apps/${service}/${path}`)).href);

async function moduleOf(service) {
  const { AppModule } = await built(service, `apps/${service}/src/app.module.js`);
  const { environmentSchema } = await built(service, `apps/${service}/src/config.js`);
  return AppModule.for(environmentSchema.parse(ANY_ENVIRONMENT));
}

// Two databases without a name in one process is what TypeORM warns of: none of them is opened.
Logger.overrideLogger(false);
const { apiDocuments } = await built('transactions', 'libs/service/src/index.js');
const { bankEvents } = await built('transactions', 'libs/contracts/src/index.js');
const documents = await apiDocuments({
  ...SYSTEM,
  registry: bankEvents,
  services: { accounts: await moduleOf('accounts'), transactions: await moduleOf('transactions') },
});
for (const [path, document] of documents) {
  const file = join(DOCS, path);
  const text = typeof document === 'string' ? document : JSON.stringify(document, undefined, 2);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  console.log(`docs/${path}`);
}
