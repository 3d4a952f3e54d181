/** From this many of a unit on, the next larger one is shown. */
const UNITS = [
  { name: 'ms', ms: 1, until: 10_000 },
  { name: 's', ms: 1_000, until: 600_000 },
  { name: 'min', ms: 60_000, until: 36_000_000 },
  { name: 'h', ms: 3_600_000, until: Infinity },
];

/** A time span in one unit, for people. */
export function duration(ms: number): string {
  const unit = UNITS.find(({ until }) => ms < until) ?? { name: 'ms', ms: 1 };
  return `${String(Math.floor(ms / unit.ms))} ${unit.name}`;
}
