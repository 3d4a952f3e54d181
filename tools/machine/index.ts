export { libraryFolders, unpackPackage } from './debian-package.js';
export { findOrSkip } from './find-or-skip.js';
export { isAlive } from './is-alive.js';
export { PROGRAM_FOLDERS, type ServerSearch } from './server-search.js';
export { ServerRuns } from './server-runs.js';
export { untilSignal } from './until-signal.js';
