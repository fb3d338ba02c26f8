import { readFileSync, readdirSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** How one of the two files sets up one of the two services. */
export interface ServiceSetup {
  /** The variables as the process gets them: defaults filled in, references followed. */
  readonly environment: Readonly<Record<string, string>>;
  /** From the signal to stop until the kill. */
  readonly stopGraceMs: number;
}

/** Where a pod's own name stands among the variables. */
export const POD_NAME = 'transactions-6d5f8c9b7b-x2x7k';

const KUBERNETES_DIRECTORY = new URL('k8s/', import.meta.url);

function readDeployed(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

// ---- docker-compose.yml

const composeText = readDeployed('../docker-compose.yml');

const COMPOSE_VARIABLE = /\$\{(\w+):-([^}]*)\}/g;

/** The variables that docker-compose.yml reads from its user, with their defaults. */
export const composeVariables: ReadonlyMap<string, string> = new Map(
  [...composeText.matchAll(COMPOSE_VARIABLE)].map((match) => [match[1]!, match[2]!]),
);

/** The lines `NAME=value` of .env.example. */
export const exampleVariables: ReadonlyMap<string, string> = new Map(
  [...readDeployed('../.env.example').matchAll(/^(\w+)=(.*)$/gm)].map((match) => [match[1]!, match[2]!]),
);

const seconds = z
  .string()
  .regex(/^\d+s$/)
  .transform((text) => Number.parseInt(text, 10) * 1000);

const ComposeFile = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      command: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.string()).default({}),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      restart: z.string().optional(),
      stop_grace_period: seconds.default(10_000),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});

/** docker-compose.yml with its variables at their defaults. */
export const compose = ComposeFile.parse(parse(composeText.replace(COMPOSE_VARIABLE, '$2'), { merge: true }));

/** @throws TypeError when the file has no such service */
export function composeService(name: string): (typeof compose.services)[string] {
  const service = compose.services[name];
  if (service === undefined) throw new TypeError(`docker-compose.yml has no service ${name}`);
  return service;
}

export function composeSetup(name: string): ServiceSetup {
  const { environment, stop_grace_period: stopGraceMs } = composeService(name);
  return { environment, stopGraceMs };
}

// ---- deploy/k8s

const Kustomization = z.object({
  resources: z.array(z.string()),
  secretGenerator: z.array(z.object({ name: z.string(), literals: z.array(z.string()) })),
});

const Variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      fieldRef: z.object({ fieldPath: z.literal('metadata.name') }).optional(),
      secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional(),
    })
    .optional(),
});

const Workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet']),
  spec: z.object({
    template: z.object({
      spec: z.object({
        enableServiceLinks: z.boolean().default(true),
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.object({ args: z.array(z.string()).default([]), env: z.array(Variable).default([]) }),
        ]),
      }),
    }),
  }),
});

export const kustomization = Kustomization.parse(parse(readDeployed('k8s/kustomization.yaml')));

/** The manifests that lie in deploy/k8s, built or not. */
export const manifestFiles = readdirSync(KUBERNETES_DIRECTORY).filter(
  (name) => name !== 'kustomization.yaml',
);

/** The pod that the Deployment or StatefulSet of one manifest starts. */
export function pod(name: string): z.infer<typeof Workload>['spec']['template']['spec'] {
  const documents = parseAllDocuments(readDeployed(`k8s/${name}.yaml`)).map(
    (document) => document.toJS() as unknown,
  );
  return Workload.parse(documents[0]).spec.template.spec;
}

function secretValue(secret: string, key: string): string {
  const literal = kustomization.secretGenerator
    .find(({ name }) => name === secret)
    ?.literals.find((candidate) => candidate.startsWith(`${key}=`));
  if (literal === undefined)
    throw new TypeError(`kustomization.yaml generates no ${key} in a Secret ${secret}`);
  return literal.slice(key.length + 1);
}

function valueOf({ name, value, valueFrom }: z.infer<typeof Variable>): string {
  if (valueFrom?.fieldRef) return POD_NAME;
  if (valueFrom?.secretKeyRef) return secretValue(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key);
  if (value === undefined) throw new TypeError(`${name} has no value and no reference that is followed here`);
  return value;
}

export function kubernetesSetup(name: string): ServiceSetup {
  const { containers, terminationGracePeriodSeconds } = pod(name);
  return {
    environment: Object.fromEntries(containers[0].env.map((variable) => [variable.name, valueOf(variable)])),
    stopGraceMs: terminationGracePeriodSeconds * 1000,
  };
}
