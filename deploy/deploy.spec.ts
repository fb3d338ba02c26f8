import { describe, expect, it } from '@jest/globals';
import { environmentSchema as accountsSchema } from '../apps/accounts/src/config.js';
import { environmentSchema as transactionsSchema } from '../apps/transactions/src/config.js';
import {
  POD_NAME,
  compose,
  composeService,
  composeSetup,
  composeVariables,
  exampleVariables,
  kubernetesSetup,
  kustomization,
  manifestFiles,
  pod,
} from './manifests.reader.js';

const FORGOTTEN_WITHIN_SECONDS = 30;

describe.each([
  ['docker-compose.yml', 'transactions', composeSetup, transactionsSchema],
  ['docker-compose.yml', 'accounts', composeSetup, accountsSchema],
  ['deploy/k8s', 'transactions', kubernetesSetup, transactionsSchema],
  ['deploy/k8s', 'accounts', kubernetesSetup, accountsSchema],
] as const)('%s sets up %s', (_file, name, setup, schema) => {
  const { environment, stopGraceMs } = setup(name);
  const variables = Object.entries(schema.shape);

  it("sets only variables that the service's configuration knows", () => {
    const known = variables.map(([variable]) => variable);
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it("sets every variable that the service's configuration requires", () => {
    const required = schema.safeParse({}).error?.issues.map(({ path }) => path[0]) ?? [];
    expect(required).toEqual(expect.arrayContaining(['DATABASE_URL', 'NATS_URL', 'NATS_CLUSTER_ID']));
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(required));
  });

  it("sets values that the service's configuration accepts", () => {
    expect(schema.safeParse(environment).error?.issues).toBeUndefined();
  });

  it('can be reached from outside its container', () => {
    expect(environment['HOST']).toBe('0.0.0.0');
  });

  it('leaves a service longer to stop than its own deadline', () => {
    expect(stopGraceMs).toBeGreaterThan(Number(environment['SHUTDOWN_TIMEOUT_MS']));
  });

  it('gives it a database of its own', () => {
    expect(new URL(environment['DATABASE_URL']!).pathname).toBe(`/${name}`);
    expect(new URL(environment['DATABASE_URL']!).hostname).toBe(`${name}-db`);
  });

  it('logs it in as its database was set up', () => {
    const database = setup(`${name}-db`).environment;
    const url = new URL(environment['DATABASE_URL']!);
    expect(url.username).toBe(database['POSTGRES_USER']);
    expect(url.password).toBe(database['POSTGRES_PASSWORD']);
    expect(url.pathname).toBe(`/${database['POSTGRES_DB']}`);
  });
});

describe.each([
  ['docker-compose.yml', composeService('nats').command, composeSetup],
  ['deploy/k8s', pod('nats').containers[0].args, kubernetesSetup],
])('the broker of %s', (_file, flags, setup) => {
  const flag = (name: string): string | undefined =>
    flags.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);

  it('has the cluster id that both services ask for', () => {
    expect(setup('transactions').environment['NATS_CLUSTER_ID']).toBe(flag('cluster_id'));
    expect(setup('accounts').environment['NATS_CLUSTER_ID']).toBe(flag('cluster_id'));
  });

  it('keeps what it acknowledged, on disk and without a limit', () => {
    expect([flag('store'), flag('dir'), flag('max_msgs'), flag('max_bytes')]).toEqual([
      'FILE',
      '/data',
      '0',
      '0',
    ]);
  });

  it('forgets a vanished client within half a minute', () => {
    const heartbeatSeconds =
      Number.parseInt(flag('hb_interval')!, 10) + Number.parseInt(flag('hb_timeout')!, 10);
    // It closes a client that fails more often than the flag says.
    const heartbeats = Number(flag('hb_fail_count')) + 1;
    expect(heartbeats * heartbeatSeconds).toBeLessThan(FORGOTTEN_WITHIN_SECONDS);
  });
});

describe('docker-compose.yml', () => {
  const services = Object.entries(compose.services);

  it('reads the variables of .env.example, with the same defaults', () => {
    expect(Object.fromEntries(exampleVariables)).toEqual(Object.fromEntries(composeVariables));
  });

  it('publishes ports on the loopback only', () => {
    const ports = services.flatMap(([, { ports: published }]) => published);
    expect(ports).not.toEqual([]);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('starts a service when its database and the broker are healthy', () => {
    for (const name of ['transactions', 'accounts']) {
      const dependencies = composeService(name).depends_on;
      expect(Object.keys(dependencies).sort()).toEqual([`${name}-db`, 'nats'].sort());
      for (const [dependency, { condition }] of Object.entries(dependencies)) {
        expect(condition).toBe('service_healthy');
        expect(composeService(dependency).healthcheck).toBeDefined();
      }
    }
  });

  it('restarts what failed, and not what was asked to stop', () => {
    expect(services.filter(([, { restart }]) => restart !== 'on-failure')).toEqual([]);
  });

  it('keeps the data of both databases and of the broker in volumes', () => {
    expect(composeService('transactions-db').volumes).toEqual(['transactions-db:/var/lib/postgresql']);
    expect(composeService('accounts-db').volumes).toEqual(['accounts-db:/var/lib/postgresql']);
    expect(composeService('nats').volumes).toEqual(['nats:/data']);
    expect(Object.keys(compose.volumes).sort()).toEqual(['accounts-db', 'nats', 'transactions-db']);
  });
});

describe('deploy/k8s', () => {
  it.each(['transactions', 'accounts'])("takes the NATS_CLIENT_ID of %s from the pod's own name", (name) => {
    expect(kubernetesSetup(name).environment['NATS_CLIENT_ID']).toBe(POD_NAME);
  });

  it.each(['transactions', 'accounts'])('takes the DATABASE_URL of %s from a Secret', (name) => {
    const variable = pod(name).containers[0].env.find(({ name: key }) => key === 'DATABASE_URL');
    expect(variable?.valueFrom?.secretKeyRef?.name).toBe(`${name}-database`);
  });

  it.each(['transactions', 'accounts'])('takes the AUTH_JWT_SECRET of %s from a Secret', (name) => {
    const variable = pod(name).containers[0].env.find(({ name: key }) => key === 'AUTH_JWT_SECRET');
    expect(variable?.valueFrom?.secretKeyRef?.name).toBe('access');
  });

  it.each(['transactions', 'accounts'])('keeps the addresses of other Services out of %s', (name) => {
    expect(pod(name).enableServiceLinks).toBe(false);
  });

  it('builds every manifest that lies there', () => {
    expect([...kustomization.resources].sort()).toEqual([...manifestFiles].sort());
  });
});
