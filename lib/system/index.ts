export * from './back-off.js';
export * from './environment.js';
export * from './failpoint.js';
export * from './hold-process.js';
export * from './look-up-host.js';
export * from './refused.js';
export * from './system-clock.js';
export * from './system-ids.js';
