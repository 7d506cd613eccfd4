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

type Axis = { times: number[]; step: number; from: number; to: number };

/** The seconds of a step that lie within the range. */
const covered = (start: number, { step, from, to }: Axis): number =>
  Math.max(0, Math.min(start + step, to) - Math.max(start, from)) / 1000;

/**
 * The steps of a result, from the first row's phase through the whole range. A
 * step at an end that is less than half within the range is left out: a rate
 * over so short a time is noise.
 */
function axis(result: ResultPartsFragment): Axis {
  const from = Date.parse(result.from);
  const to = Date.parse(result.to);
  const step = Math.max(1, seconds(result.step)) * 1000;
  const known = result.rows.length > 0 ? Date.parse(String(result.rows[0]?.[0])) : from;
  const phase = ((known % step) + step) % step;
  const whole: Axis = { times: [], step, from, to };
  const first = Math.floor((from - phase) / step) * step + phase;
  for (let t = first; t < to && whole.times.length < maxSteps; t += step) {
    if (covered(t, whole) * 2000 >= step) whole.times.push(t);
  }
  return whole;
}

/** The lines of a series, the greatest sum first, then what is in none of them. */
export function lines(result: ResultPartsFragment, metric: Metric): Lines {
  const along = axis(result);
  const columns = shape(result, metric);
  const names = columns.group.map((i) => result.columns[i]?.name ?? '');
  const found: Line[] = [...collect(result.rows, columns, along)].map(([key, { group, values }]) => ({
    key,
    name: names.length === 0 ? 'all flows' : groupName(names, group),
    group,
    other: false,
    values: rates(values, metric, along),
    sum: values.reduce((a, b) => a + b, 0),
  }));
  found.sort((a, b) => b.sum - a.sum || a.key.localeCompare(b.key));
  const rest = names.length > 0 ? remainder(result, metric, along) : undefined;
  return { ...along, columns: names, lines: rest ? [...found, rest] : found };
}

const rates = (values: readonly number[], metric: Metric, along: Axis): number[] =>
  values.map((v, i) => perSecond(metric, v, covered(along.times[i] as number, along)));

type Sums = Map<string, { group: Value[]; values: number[] }>;

function collect(rows: ResultPartsFragment['rows'], columns: Shape, { times, step }: Axis): Sums {
  const sums: Sums = new Map();
  const start = times[0] ?? 0;
  for (const row of rows) {
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

/** What matched and is in none of the lines, unless that is nothing. */
function remainder({ others, columns }: ResultPartsFragment, metric: Metric, along: Axis): Line | undefined {
  const at = columns.filter((c) => isMetric(c.name)).findIndex((c) => c.name === metric) + 1; // the time comes first
  const sums = collect(others, { group: [], metric: at }, along).get('[]')?.values ?? [];
  const sum = sums.reduce((a, b) => a + b, 0);
  return sum > 0 ? { key: 'other', name: 'other', group: [], other: true, values: rates(sums, metric, along), sum } : undefined;
}

type LineStats = { min: number; max: number; mean: number; p95: number; last: number };

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
