import { EventEmitter } from 'node:events';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';
import type { Link } from './cable.js';

/** The socket of a connection, as far as it is asked whether what was written has left. */
export class Outlet extends EventEmitter {
  constructor(
    private readonly world: World,
    private readonly owner: SimulatedProcess,
    private readonly link: Link,
  ) {
    super();
  }

  get destroyed(): boolean {
    return !this.link.isOpen;
  }

  /** An empty text is called back behind everything that was written before. */
  write(_nothing: '', written: () => void): void {
    this.world.afterTurn(this.owner, written);
  }
}
