import type { Exhibit } from './exhibit.js';
import { falseSuccess } from './a-false-success.exhibit.js';
import { innerClose } from './a2-inner-close.exhibit.js';
import { lateArrival } from './b-late-arrival.exhibit.js';
import { forgotten } from './b2-forgotten.exhibit.js';
import { inFlight } from './c-in-flight.exhibit.js';
import { beforeConnect } from './d-before-connect.exhibit.js';
import { silentPeer } from './e-silent-peer.exhibit.js';
import { automaticAcks } from './f-automatic-acks.exhibit.js';
import { silentAccept } from './g-silent-accept.exhibit.js';
import { uncaught } from './h-uncaught.exhibit.js';
import { closedFirst } from './i-closed-first.exhibit.js';
import { publishedIsNotSent } from './j-published-is-not-sent.exhibit.js';
import { messageOf } from '../lab.errors.js';
import { ExhibitStage, type StageAudience } from './exhibit-stage.js';
import type { Finding } from './finding.js';

/** Every exhibit, in the order of its letter. */
export const EXHIBITS: readonly Exhibit[] = [
  falseSuccess,
  innerClose,
  lateArrival,
  forgotten,
  inFlight,
  beforeConnect,
  silentPeer,
  automaticAcks,
  silentAccept,
  uncaught,
  closedFirst,
  publishedIsNotSent,
];

/** Gets an exhibit's story, line by line. */
export interface Audience extends StageAudience {
  half(half: Finding['half']): void;
}

/** Plays both halves, each with a broker and a cable of its own, and returns what was found. */
export async function play(exhibit: Exhibit, audience: Audience): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const half of ['raw client', 'provider'] as const) {
    audience.half(half);
    const stage = await ExhibitStage.open(half, audience);
    try {
      await (half === 'raw client' ? exhibit.rawClient(stage) : exhibit.provider(stage));
    } catch (error) {
      // Something that was waited for did not come: that, too, is not as described.
      stage.find('the story comes to its end', false, messageOf(error));
    } finally {
      await stage.close();
    }
    findings.push(...stage.findings);
  }
  return findings;
}
