import type { ConformanceCarrier } from './carrier.interface.js';
import type { ConformanceCase } from './case.interface.js';
import { EVENTS } from './cases/events.js';
import { FAILURES } from './cases/failures.js';
import { MODES } from './cases/modes.js';
import { REQUESTS } from './cases/requests.js';
import { STREAMS } from './cases/streams.js';

const CASES = [...REQUESTS, ...FAILURES, ...STREAMS, ...MODES, ...EVENTS];

/** Those that a carrier is held to. */
export const casesFor = ({ ways }: ConformanceCarrier): readonly ConformanceCase[] =>
  CASES.filter(({ needs }) => needs.every((need) => ways.includes(need)));
