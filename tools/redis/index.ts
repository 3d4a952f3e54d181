export { removeRedis, startRedis } from './start-redis.js';
export type { RedisOptions, RunningRedis } from './start-redis.js';
