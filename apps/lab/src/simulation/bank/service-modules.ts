import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../parts/repository.js';
import { redirectPackages } from '../world/redirect.js';

/** The services of the bank. */
export type ServiceName = 'transactions' | 'accounts';

/** The libraries as a service has them built in: each service has its own copy, like two processes. */
export interface Libraries {
  readonly nats: typeof import('@app/nats');
  readonly outbox: typeof import('@app/outbox');
  readonly contracts: typeof import('@app/contracts');
  /** One for all lives of a service: it only knows texts. */
  readonly tables: import('@app/outbox').Tables;
  readonly createBus: (connection: object) => Promise<import('@app/nats').MessageBus>;
  readonly createStrategy: (
    delivery: string,
    parts: { readonly bus: object; readonly tables: object; readonly relay: { wake(): void } },
  ) => import('@app/outbox').DeliveryStrategy;
}

/** A class of a service's, of which the simulation knows how it is made and no more. */
export type Made<Instance> = new (...parts: never[]) => Instance;

/**
 * Loads files of a built service by their paths below `src`, and merges what they export: the files that the service
 * itself runs. No app imports another one, so none is imported: they are loaded as the lab starts the services, from
 * what was built.
 */
export async function loadService(service: ServiceName, paths: readonly string[]): Promise<object> {
  redirectPackages();
  const files = await Promise.all(paths.map((path) => load(service, `apps/${service}/src/${path}.js`)));
  return Object.assign({}, ...files) as object;
}

export async function loadLibraries(service: ServiceName): Promise<Libraries> {
  redirectPackages();
  const library = (path: string) => load(service, `libs/${path}.js`);
  const [nats, outbox, contracts, driver, strategies] = await Promise.all([
    library('nats/src/index'),
    library('outbox/src/index'),
    library('contracts/src/index'),
    library('nats/src/driver'),
    library('outbox/src/strategies/create-strategy'),
  ]);
  const { Tables } = outbox as Libraries['outbox'];
  return { nats, outbox, contracts, ...driver, ...strategies, tables: new Tables() } as unknown as Libraries;
}

async function load(service: ServiceName, path: string): Promise<object> {
  const file = join(repositoryRoot, 'dist', 'apps', service, path);
  return (await import(pathToFileURL(file).href)) as object;
}
