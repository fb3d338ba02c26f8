/**
 * Preloaded (`--import`) into a relay: it looks at its outbox when it is told that there is something, and at no other
 * time within an hour.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const HOUR_MS = 3_600_000;

// Of the program that is about to run, not of the lab: each has been built with a library of its own.
const library = join(process.argv[1] ?? '', '../../../../libs/outbox/src/outbox.options.js');
const options = (await import(pathToFileURL(library).href)) as { RELAY_DEFAULTS: object };
Object.assign(options.RELAY_DEFAULTS, { pollFirstMs: HOUR_MS, pollLongestMs: HOUR_MS, recoverMs: HOUR_MS });
