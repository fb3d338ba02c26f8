import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ANYBODY, type Caller, type Scope } from './caller.js';

/** Under which a handler's scopes are kept. */
export const REQUIRED_SCOPES = 'access:scopes';

/** A handler that is open to everybody, without a token: health, metrics, documents. */
export const OPEN = 'access:open';

/** The caller needs all of these scopes; a handler without this and without {@link Open} lets nobody in. */
export const Scopes = (...scopes: readonly [Scope, ...Scope[]]) => SetMetadata(REQUIRED_SCOPES, scopes);

/** Nobody is asked who they are. */
export const Open = () => SetMetadata(OPEN, true);

/** Where the guard leaves the caller. */
export interface RequestOfCaller {
  caller?: Caller;
}

/** The caller, as a handler's argument: `@CurrentCaller() caller: Caller`. */
export const CurrentCaller = createParamDecorator(
  (_data: undefined, context: ExecutionContext): Caller =>
    context.switchToHttp().getRequest<RequestOfCaller>().caller ?? ANYBODY,
);
