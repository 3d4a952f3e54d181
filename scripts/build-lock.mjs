// @ts-check
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const POLL_MS = 50;
/**
 * A cold build takes seconds; after this long its owner hangs, and a build of our own does less
 * harm.
 */
const MAX_WAIT_MS = 120_000;

/**
 * Runs `body` while no other process of this checkout does.
 *
 * Several programs may start at once (the end-to-end tests do it), each one brings the build up to
 * date first, and none may load a file that another one has half written. A lock whose owner was
 * killed is removed; should two processes find it at the same instant, both may build, which costs
 * a build and at worst a start.
 *
 * @template T
 * @param {string} file
 * @param {() => T} body
 * @returns {T}
 */
export function withBuildLock(file, body) {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + MAX_WAIT_MS;
  while (!take(file)) {
    if (isAbandoned(file) || Date.now() > deadline) rmSync(file, { force: true });
    else pause(POLL_MS);
  }
  try {
    return body();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** @param {string} file */
function isAbandoned(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Its owner has created the file and is about to write its id.
    if (pid === 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

/** @param {number} ms */
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
