import type { SimulatedProcess } from './simulated-process.js';

/** Where a message is on its way: every one passes the first, and most the second. */
export type Moment = 'sent' | 'done';

/** A place at which a fault may strike, such as `database.commit`, and when. */
export type Point = `${string}:${Moment}` | (string & {});

/** What becomes of a message at a point; undefined: what is due. */
export type Fate = 'lost' | 'reply lost' | 'refused' | 'twice' | 'late';

/** Is asked at every point. It may also end the process there, or a server. */
export interface Strikes {
  strike(point: Point, by: SimulatedProcess | undefined): Fate | undefined;
}
