import type { Exhibit } from './exhibit.js';
import type { NatsStep } from '@app/nats';
import type { ExhibitStage } from './exhibit-stage.js';
import { labFile } from '../parts/repository.js';
import { runNode } from './run-node.js';

/** Publishes with the raw client and is killed in the same breath. */
const KILLED_AFTER_PUBLISH = `
import { connect } from 'node-nats-streaming';
const client = connect(process.argv[1], 'raw', { url: process.argv[2] });
client.once('connect', () => {
  client.publish('coin.tossed', 'heads', () => undefined);
  process.kill(process.pid, 'SIGKILL');
});
`;

/** Row J. */
export const publishedIsNotSent: Exhibit = {
  id: 'J',
  title: 'killed right after publish() returned, nothing was sent',
  story:
    'The inner client collects what is published and writes it in a later setImmediate: “published” is not “sent”.',

  async rawClient(stage) {
    stage.step('a process publishes and is killed at once');
    const script = ['--input-type=module', '--eval', KILLED_AFTER_PUBLISH, stage.clusterId, stage.url];
    const { signal } = await runNode(script);
    await stage.until('the broker to see the connection end', () => stage.connections === 0);
    const nothing = signal === 'SIGKILL' && stage.stored === 0;
    stage.find('the broker got nothing', nothing, `${signal}, ${stage.stored} stored`);
  },

  async provider(stage) {
    await killAt(stage, 'nats.publish.called');
    stage.find(
      'killed at `nats.publish.called`: nothing was sent',
      stage.stored === 0,
      `${stage.stored} stored`,
    );
    await killAt(stage, 'nats.publish.sent');
    stage.find(
      'killed at `nats.publish.sent`: the broker has it',
      stage.stored === 1,
      `${stage.stored} stored`,
    );
  },
};

async function killAt(stage: ExhibitStage, step: NatsStep): Promise<void> {
  stage.step(`a process publishes through the provider and kills itself at ${step}`);
  const { signal, stderr } = await runNode([
    labFile('exhibits/killed-at.js'),
    stage.clusterId,
    stage.url,
    step,
  ]);
  if (signal !== 'SIGKILL') throw new Error(`The process was not killed at ${step}: ${stderr}`);
  await stage.until('the broker to see the connection end', () => stage.connections === 0);
}
