export * from './environment.js';
export * from './failpoint.js';
export * from './system-clock.js';
export * from './system-ids.js';
