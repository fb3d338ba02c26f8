import { MATCH_CACHE_MAX_SUBJECTS } from '../limits.js';
import { PatternTree } from './pattern-tree.js';
import { hasNoEmptyToken, isLiteralSubject } from './subject.js';

/** Somebody who takes messages: a client's connection, or a part of the server. */
export interface Subscriber {
  /** False: does not want back what it published itself. */
  readonly echo: boolean;
  deliver(interest: Interest, subject: string, reply: string, payload: Buffer): void;
}

/** One subscription. `queue` is `''` for a plain one. */
export interface Interest {
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  readonly subscriber: Subscriber;
  /** Deliveries after which it ends; 0: never. */
  deliveriesMax: number;
  delivered: number;
}

/** The subscribers of one subject: plain ones, and one list for each queue group. Never changed once made. */
interface Match {
  readonly plain: readonly Interest[];
  readonly groups: readonly (readonly Interest[])[];
}

type Handler = (subject: string, reply: string, payload: Buffer) => void;

/** Routes messages by subject. Everything happens at once and in order: `publish` returns after the last delivery. */
export class Router {
  private readonly literals = new Map<string, Set<Interest>>();
  private readonly patterns = new PatternTree<Interest>();
  private readonly cache = new Map<string, Match>();
  private readonly active = new Set<Interest>();

  get subscriptionCount(): number {
    return this.active.size;
  }

  add(interest: Interest): void {
    this.active.add(interest);
    if (isLiteralSubject(interest.subject)) {
      const interests = this.literals.get(interest.subject);
      if (interests === undefined) this.literals.set(interest.subject, new Set([interest]));
      else interests.add(interest);
      this.cache.delete(interest.subject);
    } else {
      this.patterns.add(interest.subject, interest);
      this.cache.clear();
    }
  }

  remove(interest: Interest): void {
    if (!this.active.delete(interest)) return;
    const interests = this.literals.get(interest.subject);
    if (interests?.delete(interest) === true) {
      if (interests.size === 0) this.literals.delete(interest.subject);
      this.cache.delete(interest.subject);
    } else {
      this.patterns.remove(interest.subject, interest);
      this.cache.clear();
    }
  }

  /** Subscribes a part of the server itself. Returns the function that ends the subscription. */
  subscribe(subject: string, handler: Handler): () => void {
    const subscriber: Subscriber = {
      echo: true,
      deliver: (_interest, delivered, reply, payload) => handler(delivered, reply, payload),
    };
    const interest = { subject, queue: '', sid: '', subscriber, deliveriesMax: 0, delivered: 0 };
    this.add(interest);
    return () => this.remove(interest);
  }

  /**
   * Delivers to every plain subscriber and to one random member of each queue group.
   * Returns the number of deliveries: 0 means that nobody listens.
   */
  publish(subject: string, reply: string, payload: Buffer, origin?: Subscriber): number {
    const match = this.cache.get(subject) ?? this.match(subject);
    const excluded = origin?.echo === false ? origin : undefined;
    let deliveries = 0;
    for (const interest of match.plain) {
      if (interest.subscriber !== excluded && this.deliver(interest, subject, reply, payload)) deliveries++;
    }
    for (const group of match.groups) {
      const first = Math.floor(Math.random() * group.length);
      for (let step = 0; step < group.length; step++) {
        const interest = group[(first + step) % group.length] as Interest;
        if (interest.subscriber === excluded) continue;
        if (!this.deliver(interest, subject, reply, payload)) continue;
        deliveries++;
        break;
      }
    }
    return deliveries;
  }

  private deliver(interest: Interest, subject: string, reply: string, payload: Buffer): boolean {
    // An earlier delivery of the same message may have ended this subscription.
    if (!this.active.has(interest)) return false;
    interest.delivered++;
    if (interest.deliveriesMax > 0 && interest.delivered >= interest.deliveriesMax) this.remove(interest);
    interest.subscriber.deliver(interest, subject, reply, payload);
    return true;
  }

  private match(subject: string): Match {
    const plain: Interest[] = [];
    const groups = new Map<string, Interest[]>();
    const collect = (interest: Interest): void => {
      if (interest.queue === '') plain.push(interest);
      else if (groups.has(interest.queue)) groups.get(interest.queue)?.push(interest);
      else groups.set(interest.queue, [interest]);
    };
    if (hasNoEmptyToken(subject)) {
      this.literals.get(subject)?.forEach(collect);
      this.patterns.match(subject, collect);
    }
    const match = { plain, groups: [...groups.values()] };
    if (this.cache.size >= MATCH_CACHE_MAX_SUBJECTS) this.cache.clear();
    this.cache.set(subject, match);
    return match;
  }
}
