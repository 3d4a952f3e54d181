export { ConnectionCapture } from './capture/connection-capture.js';
export type { ConnectionCaptureOptions } from './capture/connection-capture.js';
export { explain } from './explain.js';
export { SqliteAtEngine } from './sqlite-at-engine.js';
export type { SqliteEngineOptions } from './sqlite-at-engine.js';
export type {
  CapturedConnection,
  SqliteDatabase,
  SqliteSource,
  SqliteStatement,
} from './sqlite-database.interface.js';
