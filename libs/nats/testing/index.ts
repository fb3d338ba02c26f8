export { FakeMessageBus, type FakeAnswer, type FakePublish } from './fake-message-bus.js';
export {
  fakeNatsStreaming,
  FakeMessage,
  FakeStan,
  FakeSubscription,
  FakeSubscriptionOptions,
  type FakePublishAnswer,
} from './fake-node-nats-streaming.js';
