import type { Exhibit } from './exhibit.js';
import { eventsOf } from './observe.js';

/** Sub-second, to show that it is rounded up. */
const PING_INTERVAL_MS = 100;
const PINGS_OUT_MAX = 3;

/** Row E. */
export const silentPeer: Exhibit = {
  id: 'E',
  title: 'a silent peer is noticed late',
  story:
    'A half-open connection or a stopped broker: the client needs more than 3 unanswered pings, 5 s apart: 20 s. ' +
    `Here they are ${PING_INTERVAL_MS} ms apart, which it rounds up to 1 s.`,

  async rawClient(stage) {
    const client = await stage.rawClient({
      stanPingInterval: PING_INTERVAL_MS,
      stanMaxPingOut: PINGS_OUT_MAX,
    });
    const events = eventsOf(client);
    const startedAt = performance.now();
    await stage.setCable('freeze');
    await stage.until('the client to notice', () => events.length > 0);
    const seconds = (performance.now() - startedAt) / 1_000;
    const inTime = seconds > PINGS_OUT_MAX - 0.5 && seconds < PINGS_OUT_MAX + 2.5;
    stage.find(
      'lost after interval × (pings + 1), in whole seconds',
      inTime,
      `after ${seconds.toFixed(1)} s`,
    );
    const [first = 'nothing'] = events;
    stage.find('it says so', first === 'connection_lost: stan: connection lost due to PING failure', first);
  },

  async provider(stage) {
    const provider = await stage.openProvider({ pingIntervalMs: 250, pingsOutMax: 1, resumeTimeoutMs: 250 });
    const startedAt = performance.now();
    await stage.setCable('freeze');
    await stage.until('the provider to notice', () => provider.connection.lostSince !== undefined);
    const seconds = (performance.now() - startedAt) / 1_000;
    stage.find(
      'the inner client’s pings notice first, at their own pace',
      seconds < 2,
      `after ${seconds.toFixed(1)} s`,
    );
    stage.find('and nothing is published into the silence', !provider.bus.ready, provider.connection.state);
  },
};
