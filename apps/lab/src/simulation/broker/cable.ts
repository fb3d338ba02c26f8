import type { NatsMessage } from '../../cable/message.js';
import type { CableKeeper, Connection, Passage } from '../world/passage.js';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';

/** The way between one program and the broker, through all the program's lives. */
export class Cable {
  /** `cut`: nothing passes, and who connects is refused. `frozen`: nothing passes, and nobody is told. */
  mode: 'whole' | 'cut' | 'frozen' = 'whole';
  /** Counts the cuts: what was on its way at one is lost. */
  cuts = 0;
  /** Decides what passes, in the place of the mode. */
  keeper: CableKeeper | undefined;
  private readonly links = new Set<Link>();
  private readonly held: (() => void)[] = [];

  constructor(readonly world: World) {}

  cut(): void {
    this.mode = 'cut';
    this.dropLinks();
  }

  freeze(): void {
    this.mode = 'frozen';
  }

  /** What was held goes on its way. */
  mend(): void {
    this.mode = 'whole';
    for (const go of this.held.splice(0)) go();
  }

  /** Ends every connection, and loses what is on its way. */
  dropLinks(): void {
    this.cuts++;
    this.held.length = 0;
    for (const link of [...this.links]) link.drop();
  }

  add(link: Link): void {
    this.links.add(link);
    this.keeper?.opened(link);
  }

  remove(link: Link): void {
    this.links.delete(link);
  }

  /** Lets something pass now, or when the cable is thawed. */
  pass(passage: Passage): void {
    if (this.keeper) this.keeper.passes(passage);
    else if (this.mode === 'frozen') this.held.push(passage.arrive);
    else if (this.mode === 'whole') passage.arrive();
  }
}

/** One TCP connection over a cable. */
export class Link implements Connection {
  private open = true;

  constructor(
    private readonly cable: Cable,
    private readonly owner: SimulatedProcess,
    /** Called at the program's end of a connection that it did not end itself. */
    private readonly dropped: () => void,
  ) {
    cable.add(this);
    owner.onEnd.push(() => this.close());
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** What has left arrives, even if the program ends meanwhile. */
  toServer(label: string, arrive: () => void, message?: NatsMessage): void {
    if (this.open) this.send(label, { way: 'there', message, arrive });
  }

  toProgram(label: string, arrive: () => void, message?: NatsMessage): void {
    if (this.open) this.send(label, { way: 'back', message, arrive: () => this.open && arrive() });
  }

  drop(): void {
    if (!this.open) return;
    this.close();
    this.cable.world.afterWay('connection dropped', this.dropped, this.owner);
  }

  close(): void {
    this.open = false;
    this.cable.remove(this);
  }

  private send(label: string, { way, message, arrive }: Omit<Passage, 'connection'>): void {
    const { cable } = this;
    const { cuts } = cable;
    const arriveIfWhole = () => {
      if (cuts === cable.cuts) arrive();
    };
    const comeBy = () => cable.pass({ connection: this, way, message, arrive: arriveIfWhole });
    cable.world.afterWay(label, comeBy, way === 'back' ? this.owner : undefined);
  }
}
