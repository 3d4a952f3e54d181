import { PLANTED_BUGS } from './bugs/planted-bugs.js';
import type { SimEnd } from './support/run-sim.js';
import { runSim } from './support/run-sim.js';

const TIMEOUT_MS = 120_000;

describe('A planted bug is found by the checker that is there for it', () => {
  let end: SimEnd;

  beforeAll(async () => {
    end = await runSim(['--bug', 'all', '--json']);
  }, TIMEOUT_MS);

  it.each(PLANTED_BUGS)('$name: $what', ({ name }) => {
    const result = end.results.find(({ bug }) => bug === name);

    expect({ result, errors: end.errors }).toMatchObject({ result: { found: true } });
  });

  it('ends well only if all of them are found', () => {
    expect(end.status).toBe(0);
  });
});
