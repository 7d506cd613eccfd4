/** Numbers for people. Rates are in powers of 1000, bit/s for octets. */

const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const;

/** Three significant digits, without trailing noise: 0, 7, 12.3, 123. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.01) return '<0.01';
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  const text = value.toFixed(digits);
  return Number.isInteger(value) ? String(value) : text;
}

/** A number with an SI prefix: 1.23 M. The unit follows the prefix directly. */
export function si(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return '–';
  let scaled = value;
  let step = 0;
  while (Math.abs(scaled) >= 999.5 && step < prefixes.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const suffix = `${prefixes[step]}${unit}`;
  return suffix === '' ? threeDigits(scaled) : `${threeDigits(scaled)} ${suffix}`;
}

/** The three sums that every flow has. */
export type Metric = 'bytes' | 'packets' | 'flows';

export const metrics: readonly Metric[] = ['bytes', 'packets', 'flows'];

const rateUnits: Record<Metric, string> = { bytes: 'bit/s', packets: 'pkt/s', flows: 'flow/s' };
const volumeUnits: Record<Metric, string> = { bytes: 'B', packets: '', flows: '' };

/** The sum of a metric over some seconds, as the rate that operators speak of. */
export function perSecond(metric: Metric, sum: number, seconds: number): number {
  if (seconds <= 0) return 0;
  return (metric === 'bytes' ? sum * 8 : sum) / seconds;
}

export const rate = (metric: Metric, value: number): string => si(value, rateUnits[metric]);

export const volume = (metric: Metric, sum: number): string => si(sum, volumeUnits[metric]);

/** A decimal counter with thin groups, exact beyond 2^53: 18,446,744. */
export function exact(counter: string | number): string {
  const text = String(counter);
  if (!/^-?\d+$/.test(text)) return text;
  return text.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of a total, or nothing when there is no total. */
export function percent(part: number, whole: number): string {
  if (!(whole > 0)) return '–';
  const share = (part / whole) * 100;
  if (share > 0 && share < 0.1) return '<0.1 %';
  return `${share.toFixed(share >= 99.95 ? 0 : 1)} %`;
}

/** English needs it once in every list: 1 unit, 2 units. */
export const count = (n: number, noun: string): string => `${exact(n)} ${noun}${n === 1 ? '' : 's'}`;
