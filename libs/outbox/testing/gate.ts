/** A door that stays shut until it is opened: what passes it waits there. */
export class Gate {
  readonly opened: Promise<void>;
  /** Lets everyone through, now and later. */
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}
