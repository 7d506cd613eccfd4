/** Turns series results into lines of rates over one time axis. */
import { groupName, type Value } from '../../format/values';
import { perSecond, type Metric } from '../../format/numbers';
import { seconds } from '../../time/range';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';

export type Line = {
  /** Stable between runs: the group's values. */
  key: string;
  name: string;
  /** Empty for the total and for other. */
  group: readonly Value[];
  other: boolean;
  /** A rate per step, in the unit of the metric. */
  values: number[];
  /** The sum over the range, in the metric itself. */
  sum: number;
};

export type Lines = {
  columns: readonly string[];
  /** Start of each step, in milliseconds. */
  times: number[];
  step: number;
  from: number;
  to: number;
  lines: Line[];
};

/** A chart is never given more steps than a screen can show. */
const maxSteps = 5000;

type Shape = { group: number[]; metric: number };

function shape(result: ResultPartsFragment, metric: Metric): Shape {
  const group: number[] = [];
  let at = -1;
  result.columns.forEach((column, i) => {
    if (i === 0) return;
    if (column.name === metric) at = i;
    else if (!isMetric(column.name)) group.push(i);
  });
  return { group, metric: at };
}

const isMetric = (name: string): boolean => /^(bytes|packets|flows)$|\(/.test(name);

/** The steps of a result: from the first row's phase through the whole range. */
function axis(result: ResultPartsFragment): { times: number[]; step: number; from: number; to: number } {
  const from = Date.parse(result.from);
  const to = Date.parse(result.to);
  const step = Math.max(1, seconds(result.step)) * 1000;
  const known = result.rows.length > 0 ? Date.parse(String(result.rows[0]?.[0])) : from;
  const phase = ((known % step) + step) % step;
  let start = Math.floor((from - phase) / step) * step + phase;
  if (start + step <= from) start += step;
  const times: number[] = [];
  for (let t = start; t < to && times.length < maxSteps; t += step) times.push(t);
  return { times, step, from, to };
}

/** The lines of a grouped series, the greatest sum first, then what is left of the total. */
export function lines(result: ResultPartsFragment, metric: Metric, total?: ResultPartsFragment): Lines {
  const { times, step, from, to } = axis(result);
  const columns = shape(result, metric);
  const sums = collect(result, columns, times, step);
  const names = columns.group.map((i) => result.columns[i]?.name ?? '');
  const toRates = (values: number[]): number[] =>
    values.map((v, i) => perSecond(metric, v, covered(times[i] as number, step, from, to)));
  const found: Found[] = [...sums.entries()].map(([key, { group, values }]) => ({
    key,
    name: names.length === 0 ? 'all flows' : groupName(names, group),
    group,
    other: false,
    sum: values.reduce((a, b) => a + b, 0),
    raw: values,
  }));
  found.sort((a, b) => b.sum - a.sum || a.key.localeCompare(b.key));
  const rest = total && names.length > 0 ? remainder(total, metric, times, step, found) : undefined;
  if (rest && rest.sum > 0) found.push(rest);
  return {
    columns: names, times, step, from, to,
    lines: found.map(({ raw, ...line }) => ({ ...line, values: toRates(raw) })),
  };
}

/** The seconds of a step that lie within the range. */
const covered = (start: number, step: number, from: number, to: number): number =>
  (Math.min(start + step, to) - Math.max(start, from)) / 1000;

type Sums = Map<string, { group: Value[]; values: number[] }>;

function collect(result: ResultPartsFragment, columns: Shape, times: number[], step: number): Sums {
  const sums: Sums = new Map();
  const start = times[0] ?? 0;
  for (const row of result.rows) {
    const at = Math.round((Date.parse(String(row[0])) - start) / step);
    if (!(at >= 0 && at < times.length)) continue;
    const group = columns.group.map((i) => row[i]);
    const key = JSON.stringify(group);
    let line = sums.get(key);
    if (!line) sums.set(key, (line = { group, values: new Array<number>(times.length).fill(0) }));
    line.values[at] = (line.values[at] ?? 0) + Number(row[columns.metric] ?? 0);
  }
  return sums;
}

type Found = Omit<Line, 'values'> & { raw: number[] };

function remainder(
  total: ResultPartsFragment, metric: Metric, times: number[], step: number, found: readonly Found[],
): Found {
  const all = collect(total, { group: [], metric: shape(total, metric).metric }, times, step).get('[]');
  const raw = times.map((_, i) => {
    const shown = found.reduce((sum, line) => sum + (line.raw[i] ?? 0), 0);
    return Math.max(0, (all?.values[i] ?? 0) - shown);
  });
  const whole = all?.values.reduce((a, b) => a + b, 0) ?? 0;
  const sum = raw.reduce((a, b) => a + b, 0);
  // Both series were asked a moment apart: a sliver is no group of its own.
  return { key: 'other', name: 'other', group: [], other: true, sum: sum > whole * 1e-4 ? sum : 0, raw };
}

export type LineStats = { min: number; max: number; mean: number; p95: number; last: number };

/** Statistics over the steps; p95 is the nearest rank. */
export function lineStats(values: readonly number[]): LineStats {
  if (values.length === 0) return { min: 0, max: 0, mean: 0, p95: 0, last: 0 };
  const sorted = [...values].sort((a, b) => a - b);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const rank = Math.ceil(0.95 * sorted.length) - 1;
  return {
    min: sorted[0] as number,
    max: sorted[sorted.length - 1] as number,
    mean,
    p95: sorted[Math.max(0, rank)] as number,
    last: values[values.length - 1] as number,
  };
}
