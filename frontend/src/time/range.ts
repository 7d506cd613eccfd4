/**
 * A time range as the page and the API write it: each end is a moment
 * (RFC 3339) or relative to now (now, now-15m). Relative ends stay relative in
 * the URL, so that a shared link means "the last hour" to whoever opens it.
 */
export type TimeRange = { from: string; to: string };

export const presets: readonly { range: TimeRange; label: string }[] = [
  ['5m', 'Last 5 minutes'],
  ['15m', 'Last 15 minutes'],
  ['30m', 'Last 30 minutes'],
  ['1h', 'Last hour'],
  ['3h', 'Last 3 hours'],
  ['6h', 'Last 6 hours'],
  ['12h', 'Last 12 hours'],
  ['24h', 'Last 24 hours'],
  ['2d', 'Last 2 days'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
].map(([span, label]) => ({ range: { from: `now-${span}`, to: 'now' }, label: label as string }));

const relative = /^now(?:\s*([+-])\s*((?:\d{1,6}[smhdw])+))?$/;
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The moment that an end of a range means at `now`, or undefined if it means none. */
export function resolve(end: string, now: number): number | undefined {
  const match = relative.exec(end.trim());
  if (match) {
    const parts = (match[2] ?? '').matchAll(/(\d+)([smhdw])/g);
    const span = [...parts].reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit as string] ?? 0), 0);
    return match[1] === '-' ? now - span : now + span;
  }
  const ms = Date.parse(end);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What is wrong with a range, or undefined. */
export function problem(range: TimeRange, now: number): string | undefined {
  const from = resolve(range.from, now);
  const to = resolve(range.to, now);
  if (from === undefined) return 'The start is neither a time nor of the form now-15m';
  if (to === undefined) return 'The end is neither a time nor of the form now-15m';
  if (from >= to) return 'The start is not before the end';
  return undefined;
}

/** Both ends in milliseconds; a range that means nothing is the last 15 minutes. */
export function bounds(range: TimeRange, now: number): [number, number] {
  if (problem(range, now)) return [now - 900_000, now];
  return [resolve(range.from, now) as number, resolve(range.to, now) as number];
}

/** Whether the range moves with time, so that refreshing it makes sense. */
export const endsNow = (range: TimeRange): boolean => range.to.trim() === 'now';

export const fixed = (from: number, to: number): TimeRange => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

/** Half a range earlier (-1) or later (1). */
export function shift(range: TimeRange, by: -1 | 1, now: number): TimeRange {
  const [from, to] = bounds(range, now);
  const step = ((to - from) / 2) * by;
  return fixed(from + step, to + step);
}

/** Twice as long around the same middle, or half; never ends after now. */
export function zoom(range: TimeRange, by: 'in' | 'out', now: number): TimeRange {
  const [from, to] = bounds(range, now);
  const change = by === 'out' ? (to - from) / 2 : -(to - from) / 4;
  const end = Math.min(to + change, Math.max(now, to));
  return fixed(from - change - (to + change - end), end);
}

const spans = Object.entries(units).reverse();

/** A span as a relative time has it, in the greatest unit that says it exactly: 90m, 7d. */
function spanText(ms: number): string {
  const [unit, size] = spans.find(([, size]) => ms % size === 0) ?? ['s', 1000];
  return `${Math.round(ms / size)}${unit}`;
}

/** The same range so much earlier; relative ends stay relative. */
export function earlier(range: TimeRange, ms: number, now: number): TimeRange {
  const [from, to] = bounds(range, now);
  const shifted = (end: string, at: number) => {
    if (!end.trim().startsWith('now')) return new Date(at - ms).toISOString();
    const gone = now - at + ms;
    return gone === 0 ? 'now' : `now${gone > 0 ? '-' : '+'}${spanText(Math.abs(gone))}`;
  };
  return { from: shifted(range.from, from), to: shifted(range.to, to) };
}

/** Both ends as text that another dashboard reads too. */
export const rangeJson = (range: TimeRange): string => JSON.stringify({ from: range.from, to: range.to });

/** A range that was copied here or elsewhere: JSON with from and to, or `a to b`. */
export function readRange(text: string, now: number): TimeRange | undefined {
  const [from, to] = endsIn(text);
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  const read = { from: from.trim(), to: to.trim() };
  return problem(read, now) ? undefined : read;
}

function endsIn(text: string): readonly unknown[] {
  try {
    const { from, to } = JSON.parse(text) as Partial<TimeRange>;
    return [from, to];
  } catch {
    return text.split(/ to | – /);
  }
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const pointsWanted = 120;

/** Seconds per step of a chart of a range: a round number, 60 to 120 points. */
export function chartStep(from: number, to: number): number {
  const least = (to - from) / 1000 / pointsWanted;
  return steps.find((s) => s >= least) ?? 86_400;
}

const goUnits: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, 'µs': 1e-6, us: 1e-6, ns: 1e-9 };

/** Seconds of a duration as the API writes it: 1h0m0s, 30s, 500ms. */
export function seconds(duration: string): number {
  let sum = 0;
  for (const [, value, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|us|ns)/g)) {
    sum += Number(value) * (goUnits[unit as string] ?? 0);
  }
  return sum;
}

/** What people call the range: a preset's name, or its ends. */
export const presetLabel = (range: TimeRange): string | undefined =>
  presets.find((p) => p.range.from === range.from && p.range.to === range.to)?.label;
