import type { RecoveredState } from '../store/state-journal.js';
import type { Store } from '../store/store.js';
import { Channel } from './channel.js';

/** All channels of the server. They come into being with their first message or subscription. */
export class Channels {
  readonly byName = new Map<string, Channel>();

  constructor(private readonly store: Store) {}

  restore(state: RecoveredState): void {
    for (const [name, log] of state.channels) this.byName.set(name, new Channel(name, log));
  }

  /** Throws `StoreError` when there are too many. */
  obtain(name: string): Channel {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const channel = new Channel(name, this.store.createChannel(name));
    this.byName.set(name, channel);
    return channel;
  }
}
