/** The layers of the house: apps → libs/outbox → libs/nats, and apps → libs/contracts → libs/nats. */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment:
        'Two files that import each other see each other half made: pass the shared object in by injection instead.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-app-imports-app',
      comment: 'Services share events (libs/contracts), never code: each can be deployed alone.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-do-not-know-apps',
      comment: 'A library that knows an app cannot be lifted out.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'nats-is-the-ground-floor',
      comment:
        'libs/nats knows no event of the bank and no outbox. (Its specs start a broker: streaming-server-is-for-the-lab.)',
      severity: 'error',
      from: { path: '^libs/nats/' },
      to: { path: '^libs/(?!nats/|streaming-server/)' },
    },
    {
      name: 'contracts-stand-on-nats-only',
      comment: 'The registry of events needs the envelope, and nothing else.',
      severity: 'error',
      from: { path: '^libs/contracts/' },
      to: { path: '^libs/(?!contracts/|nats/)' },
    },
    {
      name: 'outbox-stands-on-nats-only',
      comment: 'The outbox is generic over a registry of events: it must not know the bank.',
      severity: 'error',
      from: { path: '^libs/outbox/' },
      to: { path: '^libs/(?!outbox/|nats/|streaming-server/)' },
    },
    {
      name: 'service-knows-no-event',
      comment: 'What both services do alike is no place for what the bank does.',
      severity: 'error',
      from: { path: '^libs/service/' },
      to: { path: '^libs/(?!service/|nats/|outbox/)' },
    },
    {
      name: 'streaming-server-knows-nobody',
      comment: 'The server is judged as a server: it shares no code with its clients here.',
      severity: 'error',
      from: { path: '^libs/streaming-server/' },
      to: { path: '^libs/(?!streaming-server/)' },
    },
    {
      name: 'streaming-server-is-for-the-lab',
      comment: 'The services must not know which broker they talk to.',
      severity: 'error',
      from: {
        path: '^(apps/(?!lab/)|libs/(?!streaming-server/))',
        pathNot: '(\\.spec\\.ts$|^libs/[^/]+/test/)',
      },
      to: { path: '^libs/streaming-server/' },
    },
    {
      name: 'fakes-are-for-specs',
      comment: 'The testing door is for specs: production code that imports a fake publishes nothing.',
      severity: 'error',
      from: { pathNot: '(\\.spec\\.ts$|/testing/|^test/|^libs/[^/]+/test/)' },
      to: { path: '^libs/[^/]+/testing/' },
    },
    {
      name: 'one-door',
      comment: 'Import a library through src/index.ts (or testing/index.ts in specs): the rest may move.',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/(src|testing)/(?!index\\.ts$)', pathNot: '^libs/$2/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
