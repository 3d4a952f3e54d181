export { PostgresXaEngine } from './postgres-xa-engine.js';
