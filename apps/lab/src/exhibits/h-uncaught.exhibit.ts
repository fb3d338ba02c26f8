import type { Exhibit } from './exhibit.js';
import type { Stan } from 'node-nats-streaming';
import { runNode } from './run-node.js';

const NO_LISTENER = `
import { connect } from 'node-nats-streaming';
connect(process.argv[1], 'raw', { url: process.argv[2] });
`;

/** Row H. */
export const uncaught: Exhibit = {
  id: 'H',
  title: 'without an `error` listener a refused connection ends the process',
  story:
    'The client emits `error`, nobody listens, and Node ends the process with code 1: listen first, and for good.',

  async rawClient(stage) {
    await stage.setCable('refuse');
    stage.step('a process connects and does not listen');
    const script = ['--input-type=module', '--eval', NO_LISTENER, stage.clusterId, stage.url];
    const { code, stderr } = await runNode(script);
    const thrown = /NatsError: .*/.exec(stderr)?.[0] ?? 'no error';
    stage.find('it exits with code 1', code === 1, `code ${code}`);
    stage.find('with an uncaught NatsError', thrown.includes('Could not connect to server'), thrown);
  },

  async provider(stage) {
    await stage.setCable('refuse');
    const provider = await stage.openProvider({ startup: 'background' });
    const error = await provider.connection
      .connect()
      .catch((reason: unknown) => reason as Error & { code: string });
    const typed = error instanceof Error && error.code === 'NATS_UNREACHABLE';
    stage.find('connect() rejects instead', typed, error instanceof Error ? error.message : 'resolved');
    await stage.setCable('mended');
    await stage.until('the provider to connect', () => provider.bus.ready);
    stage.step('an error after the connection stands');
    const client: Stan = provider.connection.client;
    client.emit('error', new Error('out of the blue'));
    stage.find(
      'a later error is logged, and thrown at nobody',
      provider.bus.ready,
      provider.connection.state,
    );
  },
};
