import type { StrikeOptions } from '../../cable/strike.js';
import type { Fault } from '../point.js';
import type { CableName, CellStage } from '../cell-stage.js';

/** The channels of a transfer's request and of its outcome. */
export const REQUESTED = 'transfer.requested';
export const POSTED = 'transfer.posted';

/** The statements that record a transfer, and that post it. */
export const RECORD_TRANSFER = /insert into transfer\b/i;
export const POST_TRANSFER = /insert into posting\b/i;

/** A fault that strikes at a message of a cable. */
export function faultAt(stage: CellStage, cable: CableName, options: StrikeOptions): Fault {
  const strike = stage.strike(cable, options);
  return { hasStruck: () => strike.hasFired };
}
