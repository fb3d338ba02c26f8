import type { CableMessage } from '../../cable/message.js';

/** One connection, as its cable sees it. */
export interface Connection {
  readonly isOpen: boolean;
  /** Ends it, as a reset does: both ends notice. */
  drop(): void;
}

/** Something that has come as far as the cable of its connection. */
export interface Passage {
  readonly connection: Connection;
  /** From the program to the server, or back. */
  readonly way: 'there' | 'back';
  /** Undefined: nothing that a fault could be meant for. */
  readonly message: CableMessage | undefined;
  /** Lets it arrive at the other end. */
  readonly arrive: () => void;
}

/** Sits at a cable, and decides on everything that comes by: what it does nothing with is lost. */
export interface CableKeeper {
  opened(connection: Connection): void;
  passes(passage: Passage): void;
}
