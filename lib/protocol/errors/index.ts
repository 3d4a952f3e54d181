export * from './config.errors.js';
export * from './coordinator.errors.js';
export * from './dtx.error.js';
export * from './resource.errors.js';
export * from './transaction.errors.js';
