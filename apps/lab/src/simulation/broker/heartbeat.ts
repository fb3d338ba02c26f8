import type { SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';
import type { Link } from './cable.js';

/** Whose connection it is, and when it is given up. */
export interface Heart {
  readonly world: World;
  readonly owner: SimulatedProcess;
  readonly pingInterval: number;
  readonly maxPingOut: number;
}

/**
 * The inner client's PINGs on one connection, from when it is made: a peer that has not answered so many of them is
 * taken for gone.
 */
export function watchPeer(link: Link, heart: Heart, silent: () => void): void {
  const { world, owner, pingInterval, maxPingOut } = heart;
  let unanswered = 0;
  const beat = () => {
    if (!link.isOpen) return;
    if (++unanswered > maxPingOut) return silent();
    link.toServer('PING', () => link.toProgram('PONG', () => (unanswered = 0)));
    wind();
  };
  const wind = () => world.after(pingInterval * 1_000, 'heartbeat', beat, owner);
  wind();
}
