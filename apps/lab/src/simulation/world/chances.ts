import { randomFrom } from '../../parts/random.js';

/** Golden ratio in 32 bits: seeds that follow each other give streams that have nothing to do with each other. */
const STREAM_STEP = 0x9e3779b9;

/** One stream of random numbers. Several of one seed do not disturb each other. */
export class Chances {
  private readonly draw: (below: number) => number;

  constructor(seed: number, stream: number) {
    this.draw = randomFrom((Math.imul(seed, STREAM_STEP) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0);
  }

  /** A whole number from 0 to below `below`. */
  below(below: number): number {
    return this.draw(below);
  }

  /** From 0 to below 1. */
  fraction(): number {
    return this.draw(2 ** 32) / 2 ** 32;
  }

  /** True so many times in a hundred. */
  percent(share: number): boolean {
    return this.draw(100) < share;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.draw(values.length)] as Value;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.draw(most - least + 1);
  }
}
