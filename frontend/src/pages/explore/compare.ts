/** The chart beside an earlier time of the same length. */
import { bounds, earlier, type TimeRange } from '../../time/range';
import type { Line, Lines } from './lines';

export const compares = ['nothing', 'range', 'hour', 'day', 'week'] as const;
export type Compare = (typeof compares)[number];

export const compareNames: Record<Compare, string> = {
  nothing: 'nothing', range: 'the range before', hour: 'an hour before', day: 'a day before', week: 'a week before',
};

const hourMs = 3_600_000;
const shifts: Record<Exclude<Compare, 'range'>, number> = { nothing: 0, hour: hourMs, day: 24 * hourMs, week: 168 * hourMs };

/** How much earlier, in milliseconds; 0 compares with nothing. */
export function shiftOf(compare: Compare, range: TimeRange, now: number): number {
  if (compare !== 'range') return shifts[compare];
  const [from, to] = bounds(range, now);
  return to - from;
}

/** The range that is compared with, or undefined. */
export function rangeBefore(compare: Compare, range: TimeRange, now: number): TimeRange | undefined {
  const shift = shiftOf(compare, range, now);
  return shift === 0 ? undefined : earlier(range, shift, now);
}

/** All flows of an earlier time as a line over the steps of the present chart. */
export function lineBefore(present: Lines, past: Lines, compare: Compare): Line {
  const shift = present.from - past.from;
  const own = past.lines[0]?.values ?? [];
  const first = past.times[0] ?? 0;
  const values = present.times.map((t) => own[Math.round((t - shift - first) / past.step)] ?? 0);
  return { key: 'before', name: compareNames[compare], group: [], other: false, values, sum: past.lines[0]?.sum ?? 0 };
}

/** How the whole has changed against the line before: +12.3 %; undefined if there was nothing. */
export function changeOf(present: Lines, before: Line): string | undefined {
  if (!(before.sum > 0)) return undefined;
  const change = (present.lines.reduce((n, l) => n + l.sum, 0) / before.sum - 1) * 100;
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
}
