/**
 * For columns that hold cents. The driver gives a bigint as text, since not every one fits a
 * JavaScript number; ours do, up to 90 trillion in the currency.
 */
export const cents = {
  to: (value: number): number => value,
  from: (value: string): number => Number(value),
};

/** @returns cents as people write them, such as `-1,234.50` */
export function formatCents(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0n ? '-' : ''}${whole}.${digits.slice(-2)}`;
}
