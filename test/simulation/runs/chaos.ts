import type { World } from './world.js';

const EVERY_MS = 250;
const CUT_MS_MAX = 2_000;
const FREEZE_MS_MAX = 6_000;
const OUTAGE_MS_MAX = 3_000;
const OUTAGE_OF_ALL_RATE = 0.3;
const JUMP_RATE = 0.2;

/**
 * What goes wrong by itself: cuts of the network, nodes that stop, freeze or lose the store, and
 * wall clocks that are off and jump.
 */
export class Chaos {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (const process of this.#world.processes) this.#setClock(process);
    this.#goOn();
  }

  #goOn(): void {
    const { queue, rng, swarm } = this.#world;
    const happens = (perSecond: number): boolean => rng.chance((perSecond * EVERY_MS) / 1_000);
    queue.after(EVERY_MS, 'chaos', () => {
      if (this.#world.isHealed) return;
      if (happens(swarm.cutsPerSecond)) this.#cut();
      if (happens(swarm.stopsPerSecond)) this.#stop();
      if (happens(swarm.freezesPerSecond)) this.#freeze();
      if (happens(swarm.outagesPerSecond)) this.#loseStore();
      if (rng.chance(JUMP_RATE)) this.#setClock(rng.pick(this.#world.processes));
      this.#goOn();
    });
  }

  #setClock(process: { skewMs: number }): void {
    const { skewMsMax } = this.#world.swarm;
    process.skewMs = this.#world.rng.between(-skewMsMax, skewMsMax);
  }

  #stop(): void {
    const { coordinators, rng, swarm } = this.#world;
    void rng.pick(coordinators).stop(rng.between(0, swarm.downMsMax));
  }

  #freeze(): void {
    const { processes, rng } = this.#world;
    rng.pick(processes).freeze(rng.between(100, FREEZE_MS_MAX));
  }

  #loseStore(): void {
    const { coordinators, queue, rng, storeOutages, trace } = this.#world;
    const lost = rng.chance(OUTAGE_OF_ALL_RATE) ? coordinators : [rng.pick(coordinators)];
    const untilMs = queue.nowMs + rng.between(100, OUTAGE_MS_MAX);
    for (const { name } of lost) {
      trace.add(`${name} without the store until ${untilMs.toFixed(0)}`);
      storeOutages.set(name, untilMs);
    }
  }

  #cut(): void {
    const { network, processes, queue, rng } = this.#world;
    const from = rng.pick(processes).name;
    const to = rng.pick(processes).name;
    network.cut(from, to);
    queue.after(rng.between(0, CUT_MS_MAX), `join ${from} > ${to}`, () => {
      network.join(from, to);
    });
  }
}
