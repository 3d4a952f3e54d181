import { appendFileSync } from 'node:fs';

const ACTION_PATTERN =
  /^(kill|stop|err):((?:[A-Za-z0-9.-]+>)*)([A-Za-z0-9.-]+|\*)@([1-9][0-9]{0,5})$/;
const RECORD_PREFIX = 'record:';

const ACTIONS: Readonly<Record<string, (name: string) => void>> = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
  err: (name) => {
    throw new Error(`The failpoint ${name} was told to fail.`);
  },
};

/** What a pass means; undefined while nothing is planned. */
let hit = planned(process.env['DTX_FAILPOINTS']);

/**
 * A named point at which a crash test may end the process. Costs one test of a variable otherwise.
 *
 * `DTX_FAILPOINTS=record:FILE` appends each name that is passed to the file. `kill:NAME@N` sends
 * SIGKILL to this process at the N-th pass of that name, `stop:NAME@N` SIGSTOP, and `err:NAME@N`
 * throws there. `*` is every name, and `kill:FIRST>NAME@N` counts only behind a pass of FIRST.
 */
export function failpoint(name: string): void {
  if (hit !== undefined) hit(name);
}

/** Puts a plan, as it may stand in `DTX_FAILPOINTS`, in the place of the one that there is. */
export function planFailpoints(plan: string | undefined): void {
  hit = planned(plan);
}

function planned(plan: string | undefined): ((name: string) => void) | undefined {
  if (plan === undefined) return undefined;
  if (plan.startsWith(RECORD_PREFIX)) {
    const file = plan.slice(RECORD_PREFIX.length);
    return (name) => {
      appendFileSync(file, `${name}\n`);
    };
  }
  const [, action = '', path = '', target = '', count] = ACTION_PATTERN.exec(plan) ?? [];
  const act = ACTIONS[action];
  if (act === undefined) {
    throw new Error(
      `DTX_FAILPOINTS is "${plan}". Write record:FILE, kill:NAME@N, stop:NAME@N or err:NAME@N.`,
    );
  }
  const before = path.split('>').slice(0, -1);
  let left = Number(count);
  return (name) => {
    if (before.length > 0) {
      if (name === before[0]) before.shift();
    } else if ((target === '*' || name === target) && --left === 0) {
      act(name);
    }
  };
}
