import type { DriverOptions } from './driver.options.js';
import type { Secret } from './secret.js';

/** What to do when an established connection is lost for good. */
export type OnConnectionLost = 'exit' | 'reconnect';

/** Who this client is, where the broker asks. User and password, or a token; never both. */
export interface NatsCredentials {
  readonly user?: string;
  readonly password?: Secret;
  readonly token?: Secret;
}

/** PEM texts for a broker that speaks TLS. */
export interface NatsTls {
  /** The authority that signed the broker's certificate; default: those that Node trusts. */
  readonly ca?: string;
  /** This client's own certificate and key, where the broker asks for one. */
  readonly cert?: string;
  readonly key?: Secret;
}

/** Settings of the provider. Every default stands in {@link natsEnvironment}, with its unit in its name. */
export interface NatsOptions<Driver extends DriverOptions = DriverOptions> {
  readonly driver: Driver;
  /** `nats://host:port`, `tls://` or `http://` alike, optionally with `user:password@`. */
  readonly url: string;
  readonly credentials?: NatsCredentials;
  /** Absent: TLS only if the URL says `tls://`, with the authorities that Node trusts. */
  readonly tls?: NatsTls;
  /** Letters, digits, `-` and `_` only; unique among the running instances. */
  readonly clientId: string;
  /** The durable queue group of the consuming side: the service's name, the same for all its instances. */
  readonly queue: string;
  /** Put in front of every channel name, so that several environments can share a broker. */
  readonly channelPrefix: string;
  readonly onConnectionLost: OnConnectionLost;
  /** `wait`: start-up ends when the connection stands. `background`: start-up does not wait for it. */
  readonly startup: 'wait' | 'background';
  /** How long `wait` waits, in ms. */
  readonly startupTimeoutMs: number;
  /** The bound on one attempt to connect, in ms, on a timer of ours. */
  readonly connectTimeoutMs: number;
  /** How long a client id that another client holds is waited for, in ms: after a quick restart it is the predecessor's. */
  readonly clientIdTimeoutMs: number;
  /** How long a dropped TCP connection may take to resume before it counts as lost, in ms. */
  readonly resumeTimeoutMs: number;
  /** Between two pings, in ms; whole seconds on the wire, rounded up. */
  readonly pingIntervalMs: number;
  /** Unanswered pings before the TCP peer counts as gone, and is dialled again. */
  readonly pingsOutMax: number;
  /** How long a publish waits for its acknowledgement before its outcome is unknown, in ms. */
  readonly ackTimeoutMs: number;
  /** Publishes under way at once; further ones wait here, because the client sends what it refuses. */
  readonly publishesInFlightMax: number;
  /** How long the broker waits for an acknowledgement before it delivers again, in ms (whole seconds). */
  readonly ackWaitMs: number;
  /** Messages that the broker delivers to this instance before it waits for acknowledgements. */
  readonly maxInFlight: number;
  /** Deliveries of one message before it goes to the dead-letter sink, if there is one. */
  readonly deliveriesMax: number;
}
