import { environmentOrExit } from '@app/nats';
import { serve } from '@app/service';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';

const environment = environmentOrExit(environmentSchema);
await serve(AppModule.for(environment), environment);
