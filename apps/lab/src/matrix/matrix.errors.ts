import { LabError } from '../lab.errors.js';

/** A fault lay in wait, and nothing came by: the cell shows nothing. */
export class PointNotReachedError extends LabError {
  readonly code = 'LAB_POINT_NOT_REACHED';

  constructor(
    readonly point: string,
    readonly strategy: string,
    options?: ErrorOptions,
  ) {
    super(`${point} × ${strategy}: the point was not reached`, options);
  }
}

/** A transfer came where it cannot come, as the table says: the table is wrong. */
export class UnreachablePointReachedError extends LabError {
  readonly code = 'LAB_UNREACHABLE_POINT_REACHED';

  constructor(
    readonly point: string,
    readonly strategy: string,
  ) {
    super(`${point} × ${strategy}: the point is said to be unreachable, and was reached`);
  }
}
