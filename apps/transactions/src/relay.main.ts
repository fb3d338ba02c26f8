import { bankEvents } from '@app/contracts';
import { environmentOrExit } from '@app/nats';
import { relayEnvironment, serveRelay } from '@app/service';
import { commonEnvironmentSchema, SERVICE } from './config.js';

const environment = environmentOrExit(relayEnvironment(commonEnvironmentSchema));
await serveRelay({ service: SERVICE, events: bankEvents }, environment);
