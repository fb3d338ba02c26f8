import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { context, createTraceState, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { activeTrace, runInTraceOf } from './trace-context.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const PARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

const activeSpan = () => trace.getSpanContext(context.active());

describe('without an OpenTelemetry SDK', () => {
  it('there is no trace, and work runs as it is', () => {
    expect(activeTrace()).toEqual({});
    expect(runInTraceOf({ traceparent: PARENT }, () => 'done')).toBe('done');
  });
});

describe('with an OpenTelemetry SDK', () => {
  const provider = new BasicTracerProvider();
  const manager = new AsyncLocalStorageContextManager();

  beforeAll(() => {
    context.setGlobalContextManager(manager.enable());
    trace.setGlobalTracerProvider(provider);
  });
  afterAll(async () => {
    context.disable();
    trace.disable();
    await provider.shutdown();
  });

  const inSpan = <Result>(work: () => Result) =>
    trace.getTracer('test').startActiveSpan('request', (span) => {
      const result = work();
      span.end();
      return { result, span: span.spanContext() };
    });

  it('outside of every span there is no trace', () => {
    expect(activeTrace()).toEqual({});
  });

  it('the trace of the active span is written as W3C Trace Context writes it', () => {
    const { result, span } = inSpan(activeTrace);
    expect(result).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-01` });
  });

  it('a span that is not sampled says so', () => {
    const span = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 0 };
    const written = context.with(trace.setSpanContext(context.active(), span), activeTrace);
    expect(written).toEqual({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` });
  });

  it('what the vendors add travels with it', () => {
    const span = {
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      traceFlags: 1,
      traceState: createTraceState('a=1,b=2'),
    };
    const written = context.with(trace.setSpanContext(context.active(), span), activeTrace);
    expect(written).toEqual({ traceparent: PARENT, tracestate: 'a=1,b=2' });
    expect(runInTraceOf(written, activeTrace)).toEqual(written);
  });

  it('work runs in the trace of its event, through everything that it awaits', async () => {
    const seen = await runInTraceOf({ traceparent: PARENT }, async () => {
      await Promise.resolve();
      return activeSpan();
    });
    expect(seen).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    expect(activeSpan()).toBeUndefined();
  });

  it('a span made in it is a child of the one in which the event was emitted', () => {
    const { span } = runInTraceOf({ traceparent: PARENT }, () => inSpan(() => undefined));
    expect(span.traceId).toBe(TRACE_ID);
    expect(span.spanId).not.toBe(SPAN_ID);
  });

  it.each([
    ['a later version with more fields', `01-${TRACE_ID}-${SPAN_ID}-01-more`, TRACE_ID],
    ['none', undefined, undefined],
    ['an empty one', '', undefined],
    ['the version that is none', `ff-${TRACE_ID}-${SPAN_ID}-01`, undefined],
    ['capital letters', PARENT.toUpperCase(), undefined],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`, undefined],
    ['a span id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`, undefined],
    ['something else', 'who knows', undefined],
  ])('with %s the work runs all the same', (_, traceparent, traceId) => {
    const event = traceparent === undefined ? {} : { traceparent };
    expect(runInTraceOf(event, () => activeSpan()?.traceId)).toBe(traceId);
  });
});
