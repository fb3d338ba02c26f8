import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { activeTrace, NatsTransport, type CloudEvent } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { emitting, notes, noteWritten, type Notes } from '../testing/notes.js';
import { OutboxFixture } from '../testing/outbox-fixture.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork } from './unit-of-work.js';

jest.setTimeout(30_000);

const provider = new BasicTracerProvider();
let fixture: OutboxFixture;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  fixture = await OutboxFixture.create();
});
afterAll(async () => {
  context.disable();
  trace.disable();
  await provider.shutdown();
  await fixture.drop();
});

it('request, row, publish and handler are in one trace', async () => {
  const strategy = new OutboxStrategy(fixture.tables, { wake: () => undefined });
  const unitOfWork = new UnitOfWork<Notes>(fixture.dataSource, strategy, notes);
  const request = await trace.getTracer('test').startActiveSpan('request', async (span) => {
    await unitOfWork.run(emitting(noteWritten('a')));
    span.end();
    return span.spanContext();
  });
  const traceparent = `00-${request.traceId}-${request.spanId}-01`;

  const [row] = await fixture.dataSource.query<[{ envelope: string }]>('select envelope from outbox_message');
  expect(JSON.parse(row.envelope)).toMatchObject({ traceparent });

  // The relay runs in no span of the request, and some time later.
  const bus = new FakeMessageBus();
  await fixture.relay(bus).deliverBatch();
  const payload = bus.published[0]!.payload;
  expect((JSON.parse(payload) as CloudEvent).traceparent).toBe(traceparent);

  const transport = new NatsTransport(bus, notes);
  let handled: object | undefined;
  const handler = async () => {
    await Promise.resolve();
    handled = trace.getTracer('test').startActiveSpan('handler', (span) => {
      span.end();
      return activeTrace();
    });
  };
  transport.addHandler('note.written', handler, true);
  await new Promise<void>((resolve) => transport.listen(resolve));
  await bus.deliver('note.written', payload);
  expect(handled).toMatchObject({ traceparent: expect.stringContaining(`00-${request.traceId}-`) });
  expect(handled).not.toMatchObject({ traceparent });
  await transport.close();
});
