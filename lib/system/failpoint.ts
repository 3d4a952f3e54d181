import { appendFileSync } from 'node:fs';

/** Names the points at which a test may kill this process, or the file that records them. */
const PLAN = process.env['DTX_FAILPOINTS'];

const KILL_PATTERN = /^kill:([A-Za-z0-9.-]+)@([1-9][0-9]*)$/;
const RECORD_PREFIX = 'record:';

const hit = PLAN === undefined ? undefined : planned(PLAN);

/**
 * A named point at which a crash test may end the process. Costs one test of a constant otherwise.
 *
 * `DTX_FAILPOINTS=record:FILE` appends each name that is passed to the file;
 * `DTX_FAILPOINTS=kill:NAME@N` sends SIGKILL to this process at the N-th pass of that name.
 */
export function failpoint(name: string): void {
  if (hit !== undefined) hit(name);
}

function planned(plan: string): (name: string) => void {
  if (plan.startsWith(RECORD_PREFIX)) {
    const file = plan.slice(RECORD_PREFIX.length);
    return (name) => {
      appendFileSync(file, `${name}\n`);
    };
  }
  const [, target, count] = KILL_PATTERN.exec(plan) ?? [];
  if (target === undefined) {
    throw new Error(`DTX_FAILPOINTS is "${plan}". Write record:FILE or kill:NAME@N.`);
  }
  let left = Number(count);
  return (name) => {
    if (name === target && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
