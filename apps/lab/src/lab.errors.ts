/** What every failure of the lab has: a stable code, and the process's exit code that follows from it. */
export abstract class LabError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command line is wrong; the message names each wrong option. Exit code 2, as shells have it. */
export class BadOptionsError extends LabError {
  readonly code = 'LAB_BAD_OPTIONS';
  override readonly exitCode = 2;
}

/** A part that the user gave by its address cannot be used; the message names every wrong setting at once. */
export class BadSettingsError extends LabError {
  readonly code = 'LAB_BAD_SETTINGS';
}

/** A part of the lab did not start, or cannot be started on this machine. */
export class PartStartError extends LabError {
  readonly code = 'LAB_PART_START';

  constructor(
    readonly part: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${part} did not start: ${reason}`, options);
  }
}

/** A service did not answer as it should. */
export class BadAnswerError extends LabError {
  readonly code = 'LAB_BAD_ANSWER';

  constructor(
    readonly address: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${address}: ${reason}`, options);
  }
}

/** Something awaited did not happen by its deadline. */
export class DeadlineError extends LabError {
  readonly code = 'LAB_DEADLINE';

  constructor(
    readonly awaited: string,
    readonly deadlineMs: number,
    detail = '',
  ) {
    super(`waited ${deadlineMs} ms in vain for ${awaited}${detail === '' ? '' : `\n${detail}`}`);
  }
}

/** A strike at a message of a cable was cancelled before it was carried out. */
export class StrikeMissedError extends LabError {
  readonly code = 'LAB_STRIKE_MISSED';

  constructor(
    readonly pattern: string,
    readonly seen: number,
  ) {
    super(`the cable never got to strike at ${pattern}: it saw ${seen} of them`);
  }
}

/** The auditor's classes do not add up to what was recorded: the auditor, or the data, is broken. */
export class BooksDoNotAddUpError extends LabError {
  readonly code = 'LAB_BOOKS_DO_NOT_ADD_UP';
}

/** The text of anything thrown, for a message that names its cause. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
