import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Strikes } from '../world/strikes.js';
import type { World } from '../world/world.js';
import { Cable } from './cable.js';
import { QueueGroup, type Member, type MemberSettings, type StoredMessage } from './queue-group.js';

/** A client as the broker knows it. */
export interface Registration {
  readonly clientId: string;
  readonly owner: SimulatedProcess;
  /** Whether it would answer a heartbeat. */
  readonly answers: () => boolean;
  readonly members: Member[];
}

/** What the broker answers, as a text of its own; undefined: nothing is wrong. */
export type Refusal = string | undefined;

/** What a broker gets from outside. */
export interface BrokerParts {
  readonly world: World;
  readonly strikes: Strikes;
  /** Is told when a client has said goodbye. */
  readonly closed?: ((owner: SimulatedProcess) => void) | undefined;
}

/** How long a client whose id another one wants is asked whether it lives, in microseconds. */
const DUPLICATE_CHECK_MICROS = 500_000;
const UNKNOWN_CLIENT = 'stan: invalid publish request';
const LATE_MICROS = 8_000_000;

/**
 * The seeded broker: what NATS Streaming promises and not more. A message is acknowledged when it is stored, delivered
 * in its order to one member of each group, and again until it is acknowledged. With its store it comes back from a
 * crash with everything that it has said; without it, with nothing.
 */
export class Broker {
  /** Everything that was ever stored, in the order in which it was, lost since or not. */
  readonly history: StoredMessage[] = [];
  /** The part of it that a crash without a store has taken. */
  readonly forgotten = new Set<StoredMessage>();
  /** The payload of every publish of a client that it knew, whatever became of it. */
  readonly received: string[] = [];
  /** What programs have handed to a client that had told them that it was not connected. */
  readonly handedInVain: string[] = [];
  up = true;
  private readonly cables = new Map<string, Cable>();
  private readonly clients = new Map<string, Registration>();
  private readonly channels = new Map<string, StoredMessage[]>();
  private readonly groups = new Map<string, QueueGroup>();

  constructor(private readonly parts: BrokerParts) {}

  /** The way between the broker and a program of this name. */
  cableOf(name: string): Cable {
    let cable = this.cables.get(name);
    if (!cable) {
      cable = new Cable(this.parts.world);
      this.cables.set(name, cable);
    }
    return cable;
  }

  /** Whether somebody who dials over this cable is answered at all. */
  accepts(cable: Cable): boolean {
    return this.up && cable.mode !== 'cut';
  }

  /** Registers a client, once it is known that no other one of its id lives. */
  register(client: Registration, answer: (refusal: Refusal) => void): void {
    const { clientId } = client;
    const known = this.clients.get(clientId);
    if (!known) {
      this.clients.set(clientId, client);
      return answer(undefined);
    }
    this.parts.world.after(DUPLICATE_CHECK_MICROS, 'duplicate client check', () => {
      if (known.answers()) return answer('stan: clientID already registered');
      if (this.clients.get(clientId) === known) this.forget(known);
      this.clients.set(clientId, client);
      answer(undefined);
    });
  }

  knows(client: Registration): boolean {
    return this.clients.get(client.clientId) === client;
  }

  publish(client: Registration, channel: string, payload: string, answer: (refusal: Refusal) => void): void {
    if (!this.up) return;
    if (!this.knows(client)) return answer(UNKNOWN_CLIENT);
    this.received.push(payload);
    const fate = this.parts.strikes.strike('broker.publish', client.owner);
    if (!this.up || fate === 'lost') return;
    if (fate === 'refused') return answer('stan: the channel is full');
    if (fate === 'late') {
      const again = () => {
        if (this.up && this.knows(client)) this.store(channel, payload);
      };
      return void this.parts.world.after(LATE_MICROS, 'late publish', again);
    }
    this.store(channel, payload);
    if (fate === 'twice') this.store(channel, payload);
    if (fate !== 'reply lost') answer(undefined);
    this.parts.strikes.strike('broker.stored', client.owner);
  }

  subscribe(
    client: Registration,
    channel: string,
    queue: string,
    settings: MemberSettings,
  ): Member | undefined {
    if (!this.up || !this.knows(client)) return undefined;
    const name = `${channel} ${queue}`;
    let group = this.groups.get(name);
    if (!group) {
      group = new QueueGroup(this.messagesOf(channel), this.parts);
      this.groups.set(name, group);
    }
    const member = group.join(client.owner, settings);
    client.members.push(member);
    return member;
  }

  acknowledge(member: Member, sequence: number): void {
    if (!this.up) return;
    if (this.parts.strikes.strike('broker.acknowledgement', member.owner) === 'lost') return;
    member.group.acknowledge(sequence);
  }

  /** A client says goodbye. */
  close(client: Registration): void {
    if (!this.up || !this.knows(client)) return;
    this.forget(client);
    this.parts.closed?.(client.owner);
  }

  /** Ends without a word; every connection is dropped. */
  crash({ keepsStore }: { readonly keepsStore: boolean }): void {
    this.up = false;
    for (const cable of this.cables.values()) cable.dropLinks();
    for (const group of this.groups.values()) group.pause();
    if (keepsStore) return;
    for (const messages of this.channels.values())
      for (const message of messages) this.forgotten.add(message);
    this.clients.clear();
    this.channels.clear();
    this.groups.clear();
  }

  restart(): void {
    this.up = true;
    for (const group of this.groups.values()) group.resume();
  }

  /** The messages that are still to be delivered, or delivered again. */
  unacknowledged(): Set<StoredMessage> {
    return new Set([...this.groups.values()].flatMap((group) => group.open));
  }

  /** Whether every channel is read to its end, and every message acknowledged. */
  get drained(): boolean {
    const groups = [...this.groups];
    return [...this.channels.keys()].every((channel) => {
      const readers = groups.filter(([name]) => name.startsWith(`${channel} `));
      return readers.length > 0 && readers.every(([, group]) => group.drained);
    });
  }

  private store(channel: string, payload: string): void {
    const messages = this.messagesOf(channel);
    const message = { channel, sequence: messages.length + 1, payload };
    messages.push(message);
    this.history.push(message);
    for (const [name, group] of this.groups) if (name.startsWith(`${channel} `)) group.deliver();
  }

  private messagesOf(channel: string): StoredMessage[] {
    let messages = this.channels.get(channel);
    if (!messages) {
      messages = [];
      this.channels.set(channel, messages);
    }
    return messages;
  }

  private forget(client: Registration): void {
    this.clients.delete(client.clientId);
    for (const member of client.members.splice(0)) member.group.leave(member);
  }
}
