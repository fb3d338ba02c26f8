import { serviceEnvironment } from '@app/service';

/** The service's name: its durable queue at the broker, and the start of its client id. */
export const SERVICE = 'accounts';

/** The environment variables that this service reads. */
export const environmentSchema = serviceEnvironment(3002);
