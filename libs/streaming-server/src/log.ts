/** Where the server says what happens. */
export interface Log {
  notice(line: string): void;
  warn(line: string): void;
  error(line: string): void;
  debug(line: string): void;
}

export const SILENT_LOG: Log = {
  notice: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};
