export type { Detachment, Origin } from './origin.js';
export { HERE } from './origin.js';
export type { Direction } from './participant.js';
export { Participant } from './participant.js';
export { ParticipantRegistry } from './participant-registry.js';
