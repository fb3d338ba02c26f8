import Sequencer from '@jest/test-sequencer';

/** The most patient first: whatever ends last has nothing beside it. */
const FIRST = [/matrix\.e2e/, /\.e2e\./, /\.int\./];

/** Starts what waits longest first, also where no earlier run has left its times. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => [...FIRST, /./].findIndex((kind) => kind.test(path));
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
}
