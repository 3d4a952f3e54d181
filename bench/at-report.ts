import type { RoundTrips } from './at-engines/index.js';
import type { AtBenchOptions } from './at-options.js';
import type { AtVariant, Incidents } from './at-variants.js';
import type { Block, Rounds } from './support/block.js';
import { median, round } from './support/statistics.js';

interface Findings {
  readonly measured: Rounds<AtVariant>;
  readonly trips: RoundTrips | undefined;
  readonly incidents: Incidents;
  readonly options: AtBenchOptions;
  readonly server: string;
  readonly say: (text: string) => void;
}

const NAMES = ['autocommit', 'plain', 'idle', 'capture', 'at'] as const;

/** Prints what was measured, for people and, where it was asked for, for machines. */
export function report({ measured, trips, incidents, options, server, say }: Findings): void {
  const rate = (block: Block): number => block.operations / block.seconds;
  const ratioOf = (a: AtVariant, b: AtVariant): number =>
    round(median(measured.map((blocks) => rate(blocks[a]) / rate(blocks[b]))), 3);
  const rateOf = (name: AtVariant): number => round(median(measured.map((r) => rate(r[name]))));
  const cpuOf = (name: AtVariant): number => round(median(measured.map((r) => r[name].cpuUs)));
  const hasCapture = measured.every((blocks) => 'capture' in blocks);
  const result = {
    engine: options.engine,
    server,
    autocommitPerSecond: rateOf('autocommit'),
    plainPerSecond: rateOf('plain'),
    atPerSecond: rateOf('at'),
    ratio: ratioOf('at', 'plain'),
    ...(hasCapture && { captureCostRatio: ratioOf('plain', 'capture') }),
    idleCostRatio: ratioOf('plain', 'idle'),
    ...(trips !== undefined && {
      extraRoundTrips: round(trips.extra, 2),
      phaseTwoRoundTrips: round(trips.phaseTwo, 2),
    }),
    cpuUsPlain: cpuOf('plain'),
    cpuUsIdle: cpuOf('idle'),
    ...(hasCapture && { cpuUsCapture: cpuOf('capture') }),
    cpuUsAt: cpuOf('at'),
    lockConflicts: incidents.lockConflicts,
    failures: incidents.failures,
    concurrency: options.concurrency,
    rows: options.rows,
    hotRows: options.hotRows,
    through: options.through,
    rounds: measured.length,
  };
  const rows = NAMES.filter((name) => hasCapture || name !== 'capture').map((name) =>
    [name.padEnd(12), perSecond(rateOf(name)), `${cpuOf(name)} µs`.padStart(10)].join(' '),
  );
  say(`\n${''.padEnd(12)} ${'per second'.padStart(12)} ${'client CPU'.padStart(10)}`);
  say(rows.join('\n'));
  say(`\nat / plain      ${result.ratio} (the whole global transaction, phase two included)`);
  if (hasCapture) {
    say(`plain / capture ${ratioOf('plain', 'capture')} (tag, fence and undo row, no coordinator)`);
  }
  say(`plain / idle    ${result.idleCostRatio} (triggers there, no global transaction)`);
  if (trips !== undefined) {
    say(
      `round trips     ${round(trips.extra, 2)} more than plain on the application's connection,`,
    );
    say(`                ${round(trips.phaseTwo, 2)} per transaction behind it for phase two`);
  }
  say(`incidents       ${incidents.lockConflicts} lock conflicts, tried again to their end;`);
  say(`                ${incidents.failures} other failures`);
  if (incidents.firstFailure !== undefined) say(String(incidents.firstFailure));
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

function perSecond(value: number): string {
  return value.toLocaleString('en').padStart(12);
}
