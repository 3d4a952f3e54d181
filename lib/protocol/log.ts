/** Where messages for operators go. Nest's Logger in an application, an array in a test. */
export interface DtxLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
  debug(message: string): void;
}
