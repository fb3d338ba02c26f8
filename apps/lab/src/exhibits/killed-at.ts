/** A program for exhibit J and for specs: publishes one message through the provider, and kills itself at a step on its way. */
import { MessageBus, NatsModule, natsEnvironment, natsOptionsFrom, parseEnvironment } from '@app/nats';
import { NestFactory } from '@nestjs/core';
import { subscribe } from 'node:diagnostics_channel';
import { z } from 'zod';
import { exhibitEvents } from './exhibit-events.js';

const [clusterId, url, step = '', driver = 'streaming'] = process.argv.slice(2);
const environment = parseEnvironment(z.object(natsEnvironment), {
  NATS_DRIVER: driver,
  NATS_URL: url,
  NATS_CLUSTER_ID: clusterId,
  NATS_CLIENT_ID: 'killed',
});
const nats = NatsModule.forRootAsync({
  useFactory: () => natsOptionsFrom(environment, { service: 'killed', startup: 'wait' }),
  events: exhibitEvents,
});
const app = await NestFactory.createApplicationContext(nats, { logger: ['error'] });
subscribe(step, () => process.kill(process.pid, 'SIGKILL'));
await app.get(MessageBus).publish('coin.tossed', 'heads');
await app.close();
