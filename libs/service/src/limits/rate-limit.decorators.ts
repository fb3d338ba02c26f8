import { SetMetadata } from '@nestjs/common';

/** Under which it is kept that a handler's requests are not counted. */
export const UNLIMITED = 'limits:unlimited';

/** Its requests are not counted: an orchestrator that is told 429 would take the service for dead. */
export const Unlimited = () => SetMetadata(UNLIMITED, true);
