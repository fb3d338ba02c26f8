import type { Duplex } from 'node:stream';
import type { Authentication } from './authentication.js';
import { parseConnectOptions, type ConnectOptions } from './connect-options.js';
import { FrameWriter } from './frame-writer.js';
import { Parser, UNKNOWN_OPERATION, type ParserSink } from './parser.js';
import type { Interest, Router, Subscriber } from './router.js';
import { isValidPublishSubject, isValidSubscriptionSubject } from './subject.js';

/** Messages and payload bytes of a connection, as the monitoring page shows them. */
export interface Traffic {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** What a connection needs of the server around it. */
export interface ConnectionHost {
  readonly router: Router;
  readonly authentication: Authentication;
  readonly payloadMaxBytes: number;
  readonly pendingMaxBytes: number;
  readonly pingIntervalMs: number;
  /** Has the connection's output written at the end of this turn of the event loop, together with all others'. */
  markDirty(connection: Connection): void;
  cutSlowConsumer(connection: Connection): void;
  forget(connection: Connection): void;
}

/**
 * One client of the core NATS protocol over any duplex stream.
 *
 * States: *open* from the start; *closing* after a violation or a stop: nothing is read any more, what was queued
 * is still written; *closed* when the stream is gone: no subscription is left in the router.
 */
export class Connection implements ParserSink, Subscriber {
  readonly openedMs = performance.now();
  readonly traffic: Traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  readonly interests = new Map<string, Interest>();
  connectOptions: ConnectOptions | undefined;
  /** What holds before CONNECT: the protocol's defaults. */
  echo = true;
  lastInputMs = this.openedMs;
  pingsOut = 0;
  nextPingMs: number;
  private verbose = true;
  private pedantic = true;
  private readonly writer: FrameWriter;
  private readonly parser: Parser;
  private closingSince: number | undefined;

  constructor(
    readonly id: number,
    readonly remoteAddress: string,
    private readonly stream: Duplex,
    private readonly server: ConnectionHost,
  ) {
    this.nextPingMs = this.openedMs + server.pingIntervalMs;
    this.writer = new FrameWriter(stream);
    this.parser = new Parser(this, server.payloadMaxBytes);
    stream.on('data', (chunk: Buffer) => {
      this.lastInputMs = performance.now();
      this.parser.push(chunk);
    });
    stream.on('end', () => this.close());
    // A reset connection is an ordinary end; 'close' follows and does the work.
    stream.on('error', () => undefined);
    stream.on('close', () => this.closed());
  }

  get pendingBytes(): number {
    return this.writer.pendingBytes;
  }

  get closingSinceMs(): number | undefined {
    return this.closingSince;
  }

  get writingSinceMs(): number | undefined {
    return this.writer.writingSinceMs;
  }

  get authenticated(): boolean {
    return this.connectOptions !== undefined || !this.server.authentication.required;
  }

  /** Queues a control line; it leaves with the server's next flush. */
  send(line: string): void {
    this.writer.text(line);
    this.server.markDirty(this);
  }

  flush(): void {
    this.writer.flush();
  }

  /** Tells the client why, if there is a text, and closes once everything queued is written. */
  close(errorText?: string): void {
    if (this.closingSince !== undefined) return;
    this.parser.close();
    if (errorText !== undefined) this.writer.text(`-ERR '${errorText}'\r\n`);
    this.closingSince = performance.now();
    this.removeInterests();
    this.writer.flush();
    this.stream.end(() => this.stream.destroy());
  }

  /** Closes at once; what was queued is lost. */
  destroy(): void {
    this.parser.close();
    this.closingSince ??= performance.now();
    this.stream.destroy();
  }

  deliver(interest: Interest, subject: string, reply: string, payload: Buffer): void {
    if (interest.deliveriesMax > 0 && interest.delivered >= interest.deliveriesMax) {
      this.interests.delete(interest.sid);
    }
    const replyPart = reply === '' ? '' : `${reply} `;
    this.writer.message(`MSG ${subject} ${interest.sid} ${replyPart}`, payload);
    this.traffic.messagesOut++;
    this.traffic.bytesOut += payload.length;
    if (this.writer.pendingBytes > this.server.pendingMaxBytes) this.server.cutSlowConsumer(this);
    else this.server.markDirty(this);
  }

  onConnect(json: string): void {
    const options = parseConnectOptions(json);
    if (options === undefined) return this.close();
    if (!this.server.authentication.accepts(options)) return this.close('Authorization Violation');
    const protocol = options.protocol ?? 0;
    if (protocol < 0 || protocol > 1) return this.close('invalid client protocol');
    if (options.no_responders === true) return this.close('no responders requires headers support');
    this.connectOptions = options;
    this.verbose = options.verbose ?? this.verbose;
    this.pedantic = options.pedantic ?? this.pedantic;
    this.echo = options.echo ?? this.echo;
    this.acknowledge();
  }

  onPing(): void {
    if (this.refuseUnauthenticated()) return;
    this.send('PONG\r\n');
  }

  onPong(): void {
    if (this.refuseUnauthenticated()) return;
    this.pingsOut = 0;
  }

  onSubscribe(subject: string, queue: string, sid: string): void {
    if (this.refuseUnauthenticated()) return;
    if (!isValidSubscriptionSubject(subject)) return this.send(`-ERR 'Invalid Subject'\r\n`);
    // A repeated sid changes nothing, as in the real server.
    if (!this.interests.has(sid)) {
      const interest = { subject, queue, sid, subscriber: this, deliveriesMax: 0, delivered: 0 };
      this.interests.set(sid, interest);
      this.server.router.add(interest);
    }
    this.acknowledge();
  }

  onUnsubscribe(sid: string, deliveriesMax: number): void {
    if (this.refuseUnauthenticated()) return;
    const interest = this.interests.get(sid);
    if (interest !== undefined && deliveriesMax > interest.delivered) {
      interest.deliveriesMax = deliveriesMax;
    } else if (interest !== undefined) {
      this.interests.delete(sid);
      this.server.router.remove(interest);
    }
    this.acknowledge();
  }

  onPublish(subject: string, reply: string, payload: Buffer): void {
    if (this.refuseUnauthenticated()) return;
    this.traffic.messagesIn++;
    this.traffic.bytesIn += payload.length;
    if (this.pedantic && !isValidPublishSubject(subject)) this.send(`-ERR 'Invalid Publish Subject'\r\n`);
    this.acknowledge();
    this.server.router.publish(subject, reply, payload, this);
  }

  onViolation(errorText: string | undefined): void {
    // Before CONNECT a server with users doesn't discuss the protocol.
    if (this.authenticated) this.close(errorText);
    else this.close(errorText === UNKNOWN_OPERATION ? 'Authorization Violation' : errorText);
  }

  private refuseUnauthenticated(): boolean {
    if (this.authenticated) return false;
    this.close('Authorization Violation');
    return true;
  }

  private acknowledge(): void {
    if (this.verbose) this.send('+OK\r\n');
  }

  private closed(): void {
    this.parser.close();
    this.closingSince ??= performance.now();
    this.removeInterests();
    this.server.forget(this);
  }

  private removeInterests(): void {
    for (const interest of this.interests.values()) this.server.router.remove(interest);
    this.interests.clear();
  }
}
