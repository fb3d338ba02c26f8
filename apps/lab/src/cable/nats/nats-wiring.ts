import type { Wiring } from '../frame.js';
import { JetStreamTalk } from './jetstream-talk.js';
import { NatsReader } from './nats-reader.js';
import { StreamingTalk } from './streaming-talk.js';

/** Understands NATS Streaming and JetStream, both of which speak the text protocol of NATS. */
export function natsWiring(): Wiring {
  const streaming = new StreamingTalk();
  const jetStream = new JetStreamTalk();
  return () => ({
    there: new NatsReader((message) => streaming.leaving(message) ?? jetStream.leaving(message)),
    back: new NatsReader((message) => streaming.coming(message) ?? jetStream.coming(message)),
  });
}
