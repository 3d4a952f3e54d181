import type { AtEngine } from './at-engine.interface.js';

const NOTHING = Promise.resolve();

/** Of a data source that is for XA alone: nothing is installed, captured or undone. */
export const NO_CAPTURE: AtEngine = {
  install: () => Promise.resolve({ capturedTables: [], warnings: [] }),
  plan: () => Promise.resolve({ statements: [], tables: [], warnings: [] }),
  uninstall: () => NOTHING,
  tagStatement: () => '',
  explain: () => undefined,
  resolveLocalCommit: () => Promise.resolve('rolled-back'),
  commitBranches: (targets) => Promise.resolve(targets.map(() => ({ kind: 'done' }))),
  rollbackBranches: (targets) => Promise.resolve(targets.map(() => ({ kind: 'done' }))),
  releaseXids: () => NOTHING,
  purgeFences: () => Promise.resolve(0),
  desk: {
    locks: () => Promise.resolve([]),
    rows: () => Promise.resolve([]),
    order: () => Promise.resolve({ done: [], left: [] }),
  },
};
