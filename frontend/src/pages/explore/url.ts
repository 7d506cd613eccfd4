import * as v from 'valibot';
import { metrics, type Metric } from '../../format/numbers';
import type { TimeRange } from '../../time/range';
import { compares, type Compare } from './compare';

/** The version of these parameters; a link of another version still opens. */
const version = '1';

export const tops = [5, 10, 20, 50] as const;

export type Tab = 'top' | 'flows';
/** How lines are drawn: one upon the other, as shares of the whole, or each by itself. */
export const shapes = ['stacked', 'share', 'lines'] as const;
export type Shape = (typeof shapes)[number];

/** What Explore shows: all of it is in the URL. */
export type View = {
  range: TimeRange;
  filter: string;
  by: readonly string[];
  metric: Metric;
  top: number;
  tab: Tab;
  shape: Shape;
  /** Which earlier time the chart shows as well. */
  compare: Compare;
  /** Whether a flow counts over the time it lasted, instead of when it was exported. */
  prorated: boolean;
  /** Order of the records, as the API writes it: a field, with - reversed. */
  sort: string;
};

export const defaultView: View = {
  range: { from: 'now-15m', to: 'now' },
  filter: '',
  by: ['srcAddr'],
  metric: 'bytes',
  top: 10,
  tab: 'top',
  shape: 'stacked',
  compare: 'nothing',
  prorated: false,
  sort: '-time',
};

const text = v.optional(v.fallback(v.string(), ''));

/** The search parameters as the router keeps them: short and readable. */
export const searchSchema = v.object({
  from: text, to: text, f: text, by: text, m: text, top: text, tab: text, viz: text, cmp: text, spread: text, sort: text, v: text,
});

export type Search = v.InferOutput<typeof searchSchema>;

/** Group-by that is deliberately empty; absent means the default. */
const none = 'none';

const oneOf = <T extends string>(value: string | undefined, known: readonly T[], otherwise: T): T =>
  known.find((k) => k === value) ?? otherwise;

const maxGroupBy = 6;

function readBy(by: string | undefined): readonly string[] {
  if (by === none) return [];
  const fields = (by ?? '').split(',').filter((f) => /^[A-Za-z]+(\/\d{1,3}){0,2}$/.test(f));
  return fields.length === 0 ? defaultView.by : [...new Set(fields)].slice(0, maxGroupBy);
}

export function readView(search: Search): View {
  const top = Number(search.top);
  return {
    range: { from: search.from || defaultView.range.from, to: search.to || defaultView.range.to },
    filter: search.f ?? '',
    by: readBy(search.by),
    metric: oneOf(search.m, metrics, defaultView.metric),
    top: tops.find((n) => n === top) ?? defaultView.top,
    tab: oneOf(search.tab, ['top', 'flows'], defaultView.tab),
    shape: oneOf(search.viz, shapes, defaultView.shape),
    compare: oneOf(search.cmp, compares, defaultView.compare),
    prorated: search.spread === 'duration',
    sort: /^-?[A-Za-z]+$/.test(search.sort ?? '') ? (search.sort as string) : defaultView.sort,
  };
}

const unless = (value: string, usual: string): string | undefined => (value === usual ? undefined : value);

export function writeView(view: View): Search {
  return {
    from: view.range.from,
    to: view.range.to,
    f: unless(view.filter, ''),
    by: view.by.length === 0 ? none : view.by.join(','),
    m: unless(view.metric, defaultView.metric),
    top: unless(String(view.top), String(defaultView.top)),
    tab: unless(view.tab, defaultView.tab),
    viz: unless(view.shape, defaultView.shape),
    cmp: unless(view.compare, defaultView.compare),
    spread: view.prorated ? 'duration' : undefined,
    sort: unless(view.sort, defaultView.sort),
    v: version,
  };
}
