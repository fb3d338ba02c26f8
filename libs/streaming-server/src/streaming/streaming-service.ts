import type { Router } from '../core/router.js';
import { errorText } from '../errors.js';
import type { Log } from '../log.js';
import type { Store } from '../store/store.js';
import {
  decodeConnectRequest,
  decodeSingleString,
  encodeConnectError,
  encodeConnectResponse,
  encodeErrorResponse,
  type ConnectRequest,
} from '../wire/messages.js';
import { Channels } from './channels.js';
import { Clients, type HeartbeatOptions } from './clients.js';
import { Publishing } from './publishing.js';
import { Refusal } from './refusals.js';
import { Requests } from './requests.js';
import { clusterSubjects, type ClusterSubjects } from './subjects.js';
import { Subscribing } from './subscribing.js';
import { TimerWheel } from './timer-wheel.js';

const CLIENT_ID = /^[a-zA-Z0-9_-]+$/;
const PROTOCOL = 1;

export interface StreamingOptions {
  readonly clusterId: string;
  readonly store: Store;
  readonly router: Router;
  readonly log: Log;
  readonly heartbeat?: HeartbeatOptions;
  readonly ageCheckIntervalMs: number;
}

/**
 * NATS Streaming on top of the core router: it listens on the cluster's subjects and answers by publishing, so
 * anybody may watch the protocol with an ordinary subscription.
 */
export class StreamingService {
  readonly channels: Channels;
  readonly clients: Clients;
  readonly publishing: Publishing;
  messagesOut = 0;
  bytesOut = 0;
  private readonly subjects: ClusterSubjects;
  private readonly wheel = new TimerWheel();
  private readonly requests: Requests;
  readonly subscribing: Subscribing;
  private readonly subscriptions: (() => void)[] = [];
  private ageTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: StreamingOptions) {
    const { router, store, log, clusterId, heartbeat } = options;
    const { journal } = store;
    this.subjects = clusterSubjects(clusterId);
    this.requests = new Requests(router);
    this.channels = new Channels(store);
    this.clients = new Clients(
      {
        wheel: this.wheel,
        requests: this.requests,
        journal,
        log,
        closeMembers: (client) => this.subscribing.closeAll(client),
      },
      heartbeat,
    );
    const shared = { router, store, log, channels: this.channels, clients: this.clients };
    const send = (inbox: string, message: Buffer): void => this.send(inbox, message);
    this.subscribing = new Subscribing({ ...shared, journal, wheel: this.wheel, send });
    this.publishing = new Publishing(shared);
  }

  get store(): Store {
    return this.options.store;
  }

  /** Opens the store, brings back what it knows and takes requests from then on. */
  async start(): Promise<void> {
    const state = await this.options.store.open(this.options.clusterId);
    this.channels.restore(state);
    this.clients.restore(state.clients);
    this.subscribing.restore(state.cursors);
    this.listen();
    this.subscribing.resume();
    if (this.options.store.limits.ageMaxMs > 0) {
      this.ageTimer = setInterval(() => this.expireMessages(), this.options.ageCheckIntervalMs).unref();
    }
  }

  /** Takes no more requests and answers those under way. */
  async drain(): Promise<void> {
    clearInterval(this.ageTimer);
    for (const unsubscribe of this.subscriptions.splice(0)) unsubscribe();
    await this.publishing.idle();
  }

  /** Closes the store. No client may be connected any more: an acknowledgement would find the store closed. */
  async stop(): Promise<void> {
    this.requests.stop();
    this.wheel.stop();
    await this.options.store.close();
  }

  private listen(): void {
    const { subjects } = this;
    const handlers: Record<string, (payload: Buffer, reply: string) => void> = {
      [subjects.connect]: (payload, reply) => this.onConnect(payload, reply),
      [`${subjects.publishPrefix}.>`]: (payload, reply) => this.publishing.receive(payload, reply),
      [subjects.subscribe]: (payload, reply) => void this.subscribing.subscribe(payload, reply),
      [subjects.unsubscribe]: (payload, reply) => this.onEnd(payload, reply, true),
      [subjects.closeSubscription]: (payload, reply) => this.onEnd(payload, reply, false),
      [subjects.close]: (payload, reply) => this.publishing.barrier(() => void this.onClose(payload, reply)),
      [subjects.ping]: (payload, reply) => this.onPing(payload, reply),
    };
    for (const [subject, handler] of Object.entries(handlers)) {
      const unsubscribe = this.options.router.subscribe(subject, (_subject, reply, payload) =>
        handler(payload, reply),
      );
      this.subscriptions.push(unsubscribe);
    }
  }

  private onConnect(payload: Buffer, reply: string): void {
    const { router, log } = this.options;
    const refuse = (text: string): void => void router.publish(reply, '', encodeConnectError(text));
    const request = decodeConnectRequest(payload);
    if (request === undefined || request.heartbeatInbox === '') return refuse(Refusal.connect);
    if (!CLIENT_ID.test(request.clientId)) return refuse(Refusal.clientIdForm);
    this.clients.connect(request, (accepted) => {
      if (!accepted) return refuse(Refusal.clientIdTaken);
      log.debug(`[Client:${request.clientId}] Connected (Inbox=${request.heartbeatInbox})`);
      void this.flushed().then((error) => {
        if (error !== '') refuse(error);
        else router.publish(reply, '', this.connectResponse(request));
      });
    });
  }

  private connectResponse(request: ConnectRequest): Buffer {
    const { subjects } = this;
    const pings = request.protocol >= PROTOCOL;
    return encodeConnectResponse({
      publishPrefix: subjects.publishPrefix,
      subscribeSubject: subjects.subscribe,
      unsubscribeSubject: subjects.unsubscribe,
      closeSubject: subjects.close,
      closeSubscriptionSubject: subjects.closeSubscription,
      pingSubject: pings ? subjects.ping : '',
      pingIntervalSeconds: pings ? request.pingIntervalSeconds : 0,
      pingsOutMax: pings ? request.pingsOutMax : 0,
      protocol: PROTOCOL,
    });
  }

  /** Earlier publishes and acknowledgements come first: acknowledge-then-close must not redeliver. */
  private onEnd(payload: Buffer, reply: string, unsubscribe: boolean): void {
    this.publishing.barrier(() => void this.subscribing.end(payload, reply, unsubscribe));
  }

  private async onClose(payload: Buffer, reply: string): Promise<void> {
    const { router, log } = this.options;
    const clientId = decodeSingleString(payload);
    const client = this.clients.byId.get(clientId ?? '');
    let error: string =
      clientId === undefined ? Refusal.close : client === undefined ? Refusal.unknownClient : '';
    if (client !== undefined) {
      this.clients.close(client);
      log.debug(`[Client:${client.id}] Closed (Inbox=${client.record.heartbeatInbox})`);
      error = await this.flushed();
    }
    router.publish(reply, '', encodeErrorResponse(error));
  }

  /** What to tell the client when the store can't keep what it asked for; `''` when it can. */
  private async flushed(): Promise<string> {
    try {
      await this.options.store.flush();
      return '';
    } catch (error) {
      this.options.log.error(errorText(error));
      return errorText(error);
    }
  }

  private onPing(payload: Buffer, reply: string): void {
    const connectionId = decodeSingleString(payload);
    if (connectionId === undefined || payload.length === 0) return;
    const client = this.clients.byConnection(connectionId);
    if (client !== undefined) this.clients.pinged(client);
    const error = client === undefined ? Refusal.replacedClient : '';
    this.options.router.publish(reply, '', encodeErrorResponse(error));
  }

  private send(inbox: string, message: Buffer): void {
    this.messagesOut++;
    this.bytesOut += message.length;
    this.options.router.publish(inbox, '', message);
  }

  private expireMessages(): void {
    const now = Date.now();
    for (const channel of this.channels.byName.values()) channel.log.expire(now);
    this.options.store.flush()?.catch((error: unknown) => this.options.log.error(errorText(error)));
  }
}
