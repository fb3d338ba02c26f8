import type { Point } from '../point.js';
import { CABLE_POINTS } from './cable-points.js';
import { PROGRAM_POINTS } from './program-points.js';
import { SERVER_POINTS } from './server-points.js';

/** Every row of the matrix. */
export const POINTS: readonly Point[] = [...PROGRAM_POINTS, ...CABLE_POINTS, ...SERVER_POINTS];
