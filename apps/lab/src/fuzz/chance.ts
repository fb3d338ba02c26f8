import { randomFrom } from '../parts/random.js';

/** Choices that a seed decides. */
export class Chance {
  private readonly random: (below: number) => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  /** A whole number from 0 to below `below`. */
  below(below: number): number {
    return this.random(below);
  }

  /** True so many times in a hundred. */
  percent(share: number): boolean {
    return this.random(100) < share;
  }

  /**
   * One of them.
   * @throws RangeError of none
   */
  pick<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new RangeError('there is nothing to pick from');
    return values[this.random(values.length)] as Value;
  }

  /** A random UUID of version 4. */
  uuid(): string {
    const digits = Array.from({ length: 32 }, () => this.random(16).toString(16));
    digits[12] = '4';
    digits[16] = '8';
    return digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}
