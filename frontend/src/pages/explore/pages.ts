/** A list of flows that came page by page, as one. */
import type { QueryInput, ResultPartsFragment } from '../../graphql/generated/graphql';

/** Records of a page. */
export const pageSize = 1000;

/** Beyond this a list is no longer read but downloaded. */
export const maxRecords = 20_000;

type Listed = Pick<ResultPartsFragment, 'columns' | 'rows'>;

/**
 * Columns of all pages, each once, and the rows of all pages under them. A page
 * tells only fields that one of its records has.
 */
export function joined<Page extends Listed>(pages: readonly [Page, ...Page[]]): Page {
  const columns = [...new Map(pages.flatMap((p) => p.columns.map((c) => [c.name, c] as const))).values()];
  const rows = pages.flatMap((p) => {
    const places = columns.map((c) => p.columns.findIndex((own) => own.name === c.name));
    return places.every((at, i) => at === i) && places.length === p.columns.length
      ? p.rows
      : p.rows.map((row) => places.map((at) => (at < 0 ? null : (row[at] ?? null))));
  });
  return { ...(pages[pages.length - 1] as Page), columns, rows };
}

/** The question for the page after one, or undefined if that was the last or enough is there. */
export function nextPage(input: QueryInput, last: Pick<ResultPartsFragment, 'next'>, records: number): QueryInput | undefined {
  return last.next === '' || records >= maxRecords ? undefined : { ...input, cursor: last.next };
}
