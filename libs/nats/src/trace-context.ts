import { context, createTraceState, isSpanContextValid, trace } from '@opentelemetry/api';
import type { CloudEvent } from './cloud-event.js';

/**
 * The extension *distributed tracing* of CloudEvents: the trace that an event belongs to, as W3C Trace Context
 * writes it (https://www.w3.org/TR/trace-context/).
 */
export type EventTrace = Pick<CloudEvent, 'traceparent' | 'tracestate'>;

/** Version, trace id, span id, flags; a later version may add fields behind them. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/**
 * The trace of the span that is active here, as an event carries it; nothing when no span is, as in a process
 * without an OpenTelemetry SDK.
 */
export function activeTrace(): EventTrace {
  const span = trace.getSpanContext(context.active());
  if (!span || !isSpanContextValid(span)) return {};
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  const tracestate = span.traceState?.serialize();
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
    ...(tracestate ? { tracestate } : {}),
  };
}

/**
 * Runs the callback in the trace that the event carries, so that the spans made in it are children of the span in
 * which it was emitted. Without a trace, or with one that can't be read, it runs as it is: what an event is worth
 * does not hang on how it is observed.
 */
export function runInTraceOf<Result>(event: EventTrace, work: () => Result): Result {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(event.traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return work();
  const span = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(event.tracestate ? { traceState: createTraceState(event.tracestate) } : {}),
  };
  return isSpanContextValid(span) ? context.with(trace.setSpanContext(context.active(), span), work) : work();
}
