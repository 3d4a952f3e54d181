import { EventQueue } from './event-queue.js';
import { NO_CRASHES } from './crash-plan.js';
import type { CrashMoment } from './crash-plan.js';
import { Rng } from './rng.js';
import type { Life } from './sim-process.js';
import { SimProcess } from './sim-process.js';
import { Trace } from './trace.js';

interface Started {
  readonly queue: EventQueue;
  readonly process: SimProcess;
  readonly lives: Life[];
}

/** A process that runs; its call number `call` is its last one, if there is one. */
async function start(call = 0, moment: CrashMoment = 'before'): Promise<Started> {
  const trace = new Trace();
  const queue = new EventQueue(new Rng(1), trace);
  const crashes = {
    momentAt: (_name: string, count: number) => (count === call ? moment : undefined),
    downMs: () => 20,
  };
  const lives: Life[] = [];
  const around = { queue, trace, crashes: call === 0 ? NO_CRASHES : crashes };
  const process = new SimProcess('node', around, async (life) => {
    lives.push(life);
  });
  process.start();
  await queue.runUntil(10);
  return { queue, process, lives };
}

describe('A simulated process', () => {
  it.each<[CrashMoment, readonly string[]]>([
    ['before', []],
    ['after', ['sent']],
  ])('that crashes %s a call has sent %j', async (moment, expected) => {
    const { lives } = await start(1, moment);
    const sent: string[] = [];

    lives[0]?.leave(() => sent.push('sent'));

    expect(sent).toEqual(expected);
    expect(lives[0]?.isAlive).toBe(false);
  });

  it('reaches nobody and hears nothing once it is dead', async () => {
    const { lives, process, queue } = await start();
    const seen: string[] = [];
    void lives[0]
      ?.ask((settle) =>
        queue.after(5, 'answer', () => {
          settle(() => 'an answer');
        }),
      )
      .then(() => seen.push('answered'));
    lives[0]?.clock.after(5, () => seen.push('timer'));

    process.crash(100);
    lives[0]?.leave(() => seen.push('call'));
    await queue.runUntil(50);

    expect(seen).toEqual([]);
  });

  it('starts again with a new life when it has been down long enough', async () => {
    const { lives, process, queue } = await start();

    process.crash(100);
    await queue.runUntil(100);
    const countBefore = lives.length;
    await queue.runUntil(200);

    expect([countBefore, lives.length]).toEqual([1, 2]);
    expect(process.life).toBe(lives[1]);
  });

  it('has a wall clock that is off, and a right idea of how long things take', async () => {
    const { lives, process, queue } = await start();
    const clock = lives[0]?.clock;
    const before = [clock?.now() ?? 0, clock?.monotonicMs() ?? 0];

    process.skewMs = -1_000;
    await queue.runUntil(110);

    const passed = [
      (clock?.now() ?? 0) - (before[0] ?? 0),
      (clock?.monotonicMs() ?? 0) - (before[1] ?? 0),
    ];
    expect(passed).toEqual([-900, 100]);
  });

  it('is killed when it does not stop by itself in time', async () => {
    const { lives, process, queue } = await start();
    lives[0]!.stop = () => new Promise(() => undefined);

    void process.stop(10);
    await queue.runUntil(10_000);

    expect(process.crashCount).toBe(1);
    expect(process.life).toBe(lives[1]);
  });
});
