import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { activeTrace, type EventTrace } from '@app/nats';
import { context, ROOT_CONTEXT, type Context, type ContextManager } from '@opentelemetry/api';

/** A version 00 of W3C Trace Context with ids that are not all zeros. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Keeps the trace over `await`, which the API of OpenTelemetry by itself does not. */
class AsyncContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Arguments extends unknown[], Work extends (...given: Arguments) => ReturnType<Work>>(
    active: Context,
    work: Work,
    self?: ThisParameterType<Work>,
    ...given: Arguments
  ): ReturnType<Work> {
    return this.storage.run(active, () => work.call(self, ...given));
  }

  bind<Target>(active: Context, target: Target): Target {
    if (typeof target !== 'function') return target;
    const work = target as unknown as (...given: unknown[]) => unknown;
    return ((...given: unknown[]) => this.storage.run(active, () => work(...given))) as Target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}

/**
 * Makes the trace of a request go with its events to the other service, and from there back, in a process without an
 * OpenTelemetry SDK too: then nobody draws the trace, and its id in both logs says what belongs together. An SDK that is
 * there already has its own, and keeps it.
 */
export function carryTraces(): void {
  context.setGlobalContextManager(new AsyncContextManager());
}

/** The trace that a request belongs to: that of the running span, the caller's, or one of its own. */
export function traceOfRequest({
  traceparent,
  tracestate,
}: IncomingHttpHeaders): Required<Pick<EventTrace, 'traceparent'>> & EventTrace {
  const active = activeTrace();
  if (active.traceparent !== undefined) return { ...active, traceparent: active.traceparent };
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    return { traceparent, ...(typeof tracestate === 'string' ? { tracestate } : {}) };
  }
  // Flags 00: nobody records it.
  return { traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00` };
}

/** The id within a `traceparent`. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-', 2)[1];
}
