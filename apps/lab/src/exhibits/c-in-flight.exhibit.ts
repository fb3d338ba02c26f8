import type { Exhibit } from './exhibit.js';
import { publishRaw, publishSafely } from './observe.js';

/** Row C. */
export const inFlight: Exhibit = {
  id: 'C',
  title: 'over its limit the client refuses, sends all the same, and calls back twice',
  story:
    'maxPubAcksInflight is exceeded: the callback says “max in flight reached”, yet the message goes out, and the ' +
    'callback fires a second time with the broker’s answer. The limit lets one more through than its number.',

  async rawClient(stage) {
    const client = await stage.rawClient({ maxPubAcksInflight: 1 });
    stage.step('three publishes at once, with a limit of 1');
    const publishes = ['first', 'second', 'third'].map((text) => publishRaw(client, text));
    await stage.until('the second call', () => (publishes[2]?.calls.length ?? 0) === 2);
    const [first, second, third] = publishes.map(({ calls }) =>
      calls.map(({ error }) => error ?? 'no error').join(', '),
    );
    stage.find(
      'a limit of 1 lets two through',
      first === 'no error' && second === 'no error',
      `${first}; ${second}`,
    );
    stage.find('the third is called back twice', third === 'stan: max in flight reached., no error', third);
    stage.find('and is sent all the same', stage.stored === 3, `${stage.stored} stored`);
  },

  async provider(stage) {
    const provider = await stage.openProvider({ publishesInFlightMax: 1 });
    stage.step('three publishes at once, with a limit of 1');
    const outcomes = await Promise.all(
      ['first', 'second', 'third'].map((text) => publishSafely(provider, text)),
    );
    const all = outcomes.every((outcome) => outcome === 'acked');
    stage.find('the others wait their turn: each is acknowledged once', all, outcomes.join(', '));
    stage.find('and stored once', stage.stored === 3, `${stage.stored} stored`);
  },
};
