import * as v from 'valibot';
import { columns, type Column, type Sort, type Wanted } from './select';

export type Tab = 'sources' | 'ledger';

/** What the page shows: all of it is in the URL. */
export type View = Wanted & {
  tab: Tab;
  sort: Sort;
  /** The key of the exporter that is open, or an address alone. */
  source: string;
};

export const defaultView: View = {
  tab: 'sources', text: '', group: '', protocol: '', problems: false, sort: { column: 'health', down: true }, source: '',
};

const text = v.optional(v.fallback(v.string(), ''));

export const searchSchema = v.object({
  q: text, group: text, proto: text, problems: text, sort: text, source: text, tab: text,
});

export type Search = v.InferOutput<typeof searchSchema>;

const writeSort = ({ column, down }: Sort): string => (down ? `-${column}` : column);

function readSort(sort: string | undefined): Sort {
  const down = sort?.startsWith('-') ?? false;
  const column = columns.find((c): c is Column => c === sort?.slice(down ? 1 : 0));
  return column ? { column, down } : defaultView.sort;
}

export function readView(search: Search): View {
  return {
    tab: search.tab === 'ledger' ? 'ledger' : 'sources',
    text: search.q ?? '',
    group: search.group ?? '',
    protocol: search.proto ?? '',
    problems: search.problems === 'only',
    sort: readSort(search.sort),
    source: search.source ?? '',
  };
}

/** Defaults stay out of the URL. */
export function writeView(view: View): Search {
  const sort = writeSort(view.sort);
  return {
    tab: view.tab === 'ledger' ? 'ledger' : undefined,
    q: view.text || undefined,
    group: view.group || undefined,
    proto: view.protocol || undefined,
    problems: view.problems ? 'only' : undefined,
    sort: sort === writeSort(defaultView.sort) ? undefined : sort,
    source: view.source || undefined,
  };
}
