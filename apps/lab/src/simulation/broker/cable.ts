import type { SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';

/** The way between one program and the broker, through all the program's lives. */
export class Cable {
  /** `cut`: nothing passes, and who connects is refused. `frozen`: nothing passes, and nobody is told. */
  mode: 'whole' | 'cut' | 'frozen' = 'whole';
  /** Counts the cuts: what was on its way at one is lost. */
  cuts = 0;
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
  }

  remove(link: Link): void {
    this.links.delete(link);
  }

  /** Lets something pass now, or when the cable is thawed. */
  pass(go: () => void): void {
    if (this.mode === 'frozen') this.held.push(go);
    else if (this.mode === 'whole') go();
  }
}

/** One TCP connection over a cable. */
export class Link {
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
  toServer(label: string, arrive: () => void): void {
    if (this.open) this.send(label, arrive, undefined);
  }

  toProgram(label: string, arrive: () => void): void {
    if (this.open) this.send(label, () => this.open && arrive(), this.owner);
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

  private send(label: string, arrive: () => void, owner: SimulatedProcess | undefined): void {
    const { cable } = this;
    const { cuts } = cable;
    const go = () => {
      if (cuts === cable.cuts) arrive();
    };
    cable.world.afterWay(label, () => cable.pass(go), owner);
  }
}
