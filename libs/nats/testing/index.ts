export { eventually } from './eventually.js';
export { FakeMessageBus, type FakeAnswer, type FakePublish } from './fake-message-bus.js';
export {
  fakeNatsStreaming,
  FakeMessage,
  FakeStan,
  FakeSubscription,
  FakeSubscriptionOptions,
  type FakeConnectAnswer,
  type FakePublishAnswer,
} from './fake-node-nats-streaming.js';
export { InMemoryDeadLetters } from './in-memory-dead-letters.js';
export { TEST_JETSTREAM, testNatsOptions } from './nats-options.js';
export { RecordedLog } from './recorded-log.js';
