export type { EmbeddedOptions } from './embedded.js';
export { connectEmbedded } from './embedded.js';
