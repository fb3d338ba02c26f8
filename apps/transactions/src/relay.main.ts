import { bankEvents } from '@app/contracts';
import { environmentOrExit } from '@app/nats';
import { relayEnvironment, serveRelay } from '@app/service';
import { environmentSchema, SERVICE } from './config.js';

const environment = environmentOrExit(relayEnvironment(environmentSchema));
await serveRelay({ service: SERVICE, events: bankEvents }, environment);
