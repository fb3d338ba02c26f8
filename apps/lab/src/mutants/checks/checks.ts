import { cellCheck } from './cell-check.js';
import type { Check } from './check.js';
import { ONE_INSTANCE } from './one-instance.js';
import { TWO_INSTANCES } from './two-instances.js';

/** Every check that a mutant must turn red: cells of the crash matrix, and scenes of their own. */
export const CHECKS: readonly Check[] = [
  cellCheck('committed', 'transactions'),
  cellCheck('publish-cut', 'transactions'),
  cellCheck('inbox-recorded', 'accounts'),
  cellCheck('before-acknowledging', 'accounts'),
  ...TWO_INSTANCES,
  ...ONE_INSTANCE,
];
