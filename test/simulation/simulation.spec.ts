import { runSim } from './support/run-sim.js';

const TIMEOUT_MS = 120_000;
const SEEDS = 200;

describe('The coordinator in a simulated world', () => {
  it(
    'keeps every invariant, and the same happens in another process and time zone',
    async () => {
      const args = ['--seeds', String(SEEDS), '--json'];

      const first = await runSim(args);
      const second = await runSim(args, { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' });

      expect(first).toMatchObject({ status: 0, results: [{ seeds: SEEDS, violations: 0 }] });
      expect(second.results).toEqual(first.results);
      const [{ crashes, transactions } = {}] = first.results;
      expect(transactions).toBeGreaterThanOrEqual(8 * SEEDS);
      expect(crashes).toBeGreaterThanOrEqual(SEEDS / 4);
    },
    2 * TIMEOUT_MS,
  );

  it(
    'keeps every invariant with one crash before and after each port call',
    async () => {
      const { results, status } = await runSim(['--exhaustive', '--json']);

      expect(status).toBe(0);
      expect(results).toEqual([
        { points: expect.any(Number), cases: expect.any(Number), violations: 0 },
      ]);
      expect(results[0]?.['points']).toBeGreaterThanOrEqual(80);
    },
    TIMEOUT_MS,
  );
});

describe('The program of the simulation', () => {
  it(
    'runs one seed again, with everything that happens in it',
    async () => {
      const { output, results, status } = await runSim(['--seed', '3', '--trace', '--json']);

      expect(status).toBe(0);
      expect(results).toMatchObject([{ seed: 3, violations: 0 }]);
      expect(output.split('\n').length).toBeGreaterThan(500);
    },
    TIMEOUT_MS,
  );

  it(
    'gives each seed a run of its own',
    async () => {
      const runs = [
        await runSim(['--seed', '1', '--json']),
        await runSim(['--seed', '2', '--json']),
      ];

      const digests = runs.map(({ results }) => results[0]?.['digest']);
      expect(new Set(digests).size).toBe(2);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['an unknown option', ['--sedes', '3']],
    ['no number of seeds', ['--seeds', 'many']],
    ['two things at once', ['--seed', '1', '--exhaustive']],
    ['a bug that nobody has planted', ['--bug', 'off-by-one']],
  ])('refuses %s', async (_what, args) => {
    const { errors, status } = await runSim(args);

    expect({ status, isExplained: errors.length > 0 }).toEqual({ status: 2, isExplained: true });
  });
});
