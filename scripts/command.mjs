// @ts-check
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Outcome
 * @property {boolean} ok whether the command ended with status 0
 * @property {string} stdout
 * @property {string} output stdout and stderr as they came
 * @property {number} seconds
 */

/** How long a killed command may take to let go of its output. */
const KILL_GRACE_MS = 10_000;

/**
 * Runs a program without a shell, and keeps what it prints.
 *
 * @param {readonly string[]} command the program and its arguments
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] beside ours
 * @param {number} [options.limitMs] then it is killed
 * @param {(text: string) => void} [options.onOutput] sees it as it comes
 * @returns {Promise<Outcome>}
 */
export function run([program = '', ...args], options = {}) {
  const { cwd, env, limitMs = 600_000, onOutput } = options;
  const startedAt = performance.now();
  // A group of its own, so that the limit reaches whatever the command has started.
  const child = spawn(program, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let output = '';
  const keep = (/** @type {string} */ text) => {
    output += text;
    onOutput?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    keep(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    const forget = endWithUs(child.pid);
    const settle = (/** @type {boolean} */ ok) => {
      clearTimeout(limit);
      forget();
      resolve({ ok, stdout, output, seconds: (performance.now() - startedAt) / 1000 });
    };
    const limit = setTimeout(() => {
      output += `\nKilled after ${limitMs / 1000} s.\n`;
      killGroup(child.pid);
      setTimeout(() => settle(false), KILL_GRACE_MS).unref();
    }, limitMs);
    child.on('error', (error) => {
      output += error.message;
      settle(false);
    });
    child.on('close', (status) => settle(status === 0));
  });
}

/**
 * Ctrl-C reaches only our own group: the command's group must be told.
 *
 * @param {number | undefined} pid
 */
function endWithUs(pid) {
  const onExit = () => killGroup(pid);
  const onSignal = () => process.exit(130);
  process.once('exit', onExit);
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return () => {
    process.off('exit', onExit);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
