import type { ModesBenchOptions } from '../modes-options.js';
import type { Block, Rounds } from '../support/block.js';
import { median, round } from '../support/statistics.js';
import type { Incidents, Mode } from './variants.js';

interface Findings {
  readonly measured: Rounds<Mode>;
  readonly xaCostRatio: number;
  readonly tccCostRatio: number;
  readonly incidents: Incidents;
  readonly options: ModesBenchOptions;
  readonly server: string;
  readonly say: (text: string) => void;
}

/** Prints what was measured, for people and, where it was asked for, for machines. */
export function report(findings: Findings): void {
  const { measured, xaCostRatio, tccCostRatio, incidents, options, server, say } = findings;
  const rate = (block: Block): number => block.operations / block.seconds;
  const rateOf = (mode: Mode): number => round(median(measured.map((r) => rate(r[mode]))));
  const ratioOf = (mode: Mode): number =>
    round(median(measured.map((blocks) => rate(blocks[mode]) / rate(blocks.plain))), 3);
  const result = {
    server,
    plainPerSecond: rateOf('plain'),
    atPerSecond: rateOf('at'),
    tccPerSecond: rateOf('tcc'),
    xaPerSecond: rateOf('xa'),
    xaCostRatio,
    tccCostRatio,
    atRatio: ratioOf('at'),
    tccRatio: ratioOf('tcc'),
    xaRatio: ratioOf('xa'),
    lockConflicts: incidents.lockConflicts,
    failures: incidents.failures,
    concurrency: options.concurrency,
    rounds: measured.length,
  };
  say(`\n${''.padEnd(6)} ${'per second'.padStart(12)} ${'to plain'.padStart(10)}`);
  for (const mode of ['plain', 'at', 'tcc', 'xa'] as const) {
    const perSecond = rateOf(mode).toLocaleString('en').padStart(12);
    say(`${mode.padEnd(6)} ${perSecond} ${String(ratioOf(mode)).padStart(10)}`);
  }
  say(`\nBEGIN … COMMIT PREPARED takes ${xaCostRatio} times as long as BEGIN … COMMIT`);
  say(`A try with a fence takes ${tccCostRatio} times as long as one without`);
  say(`incidents: ${incidents.lockConflicts} lock conflicts, tried again to their end;`);
  say(`           ${incidents.failures} other failures`);
  if (incidents.firstFailure instanceof Error) say(incidents.firstFailure.message);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}
