import { LabError } from '../lab.errors.js';

/** A statement that the seeded database cannot run as PostgreSQL would: the run ends, since a guess would prove nothing. */
export class UnknownSqlError extends Error {
  readonly code = 'SIMULATION_SQL_UNKNOWN';

  constructor(
    reason: string,
    readonly sql: string,
  ) {
    super(`The seeded database does not know this SQL: ${reason}, in: ${sql.replace(/\s+/g, ' ').trim()}`);
    this.name = 'UnknownSqlError';
  }
}

/** A cell of the matrix that does not end on virtual time: something waits for what never comes. */
export class ScenarioNotEndedError extends Error {
  readonly code = 'SIMULATION_SCENARIO_NOT_ENDED';

  constructor(
    readonly point: string,
    readonly strategy: string,
  ) {
    super(`${point} × ${strategy} does not end in the simulation`);
    this.name = 'ScenarioNotEndedError';
  }
}

/** What the seeded database answers where PostgreSQL would answer an error. */
export class ServerError extends Error {
  readonly severity: string = 'ERROR';

  constructor(
    message: string,
    /** SQLSTATE. */
    readonly code: string,
    readonly constraint?: string,
  ) {
    super(message);
    this.name = 'error';
  }
}

/** A schedule that could not be run to its end: the simulation is broken, and nothing is known of the bank. */
export class ScheduleBrokenOffError extends LabError {
  readonly code = 'SIMULATION_BROKEN_OFF';

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`${what} was broken off: ${reason}`, options);
  }
}
