/** A bell that is heard later too: a signal that nobody waits for ends the next wait at once. */
export class WakeUp {
  private rung = false;
  private ring: (() => void) | undefined;

  signal(): void {
    this.rung = true;
    this.ring?.();
  }

  /** Resolves at the next signal, or after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
        this.ring = resolve;
      });
    }
    clearTimeout(timer);
    this.ring = undefined;
    this.rung = false;
  }
}
