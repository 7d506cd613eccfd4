import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { count } from '../../format/numbers';
import type { QueryInput, ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { shownColumns } from './flowColumns';
import { FlowHead, FlowRow } from './FlowRow';
import { NoFlows } from './NoFlows';
import { maxRecords } from './pages';
import { RecordPanel, type Row } from './RecordPanel';
import { usePages, type Pages } from './usePages';

const rowHeight = 26;

/** Room for the button that opens a record, in pixels. */
const detailsWidth = 34;

type Props = {
  /** What the first page answers. */
  input: QueryInput;
  first: ResultPartsFragment;
  sort: string;
  onSort: (sort: string) => void;
  allFields: boolean;
  /** Whether someone has left the first rows, so that they must not be replaced. */
  hold: (held: boolean) => void;
};

/** So many rows before the end, the next page is asked for. */
const ahead = 40;

/** The records themselves; only the rows in sight are in the document, and pages come as they are scrolled to. */
export function FlowTable({ input, first, sort, onSort, allFields, hold }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const pages = usePages(input, first);
  const { result } = pages;
  const [chosen, setChosen] = useState<Row>();
  const columns = shownColumns(result, allFields);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer's functions are not memoized here
  const rows = useVirtualizer({
    count: result.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  useEffect(() => () => hold(false), [hold]);
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0; // another answer is read from its beginning
  }, [first]);
  const lastSeen = rows.getVirtualItems().at(-1)?.index ?? 0;
  const wantsMore = pages.hasMore && !pages.loading && pages.error === null && lastSeen > 0 && lastSeen >= result.rows.length - ahead;
  useEffect(() => {
    if (wantsMore) pages.more();
  });
  if (result.rows.length === 0) return <NoFlows coverage={result.coverage} />;
  const template = [detailsWidth, ...columns.map((c) => c.width)].map((w) => `${w}px`).join(' ');
  return (
    <>
      <div className={styles.records} data-open={chosen ? true : undefined}>
        <div
          ref={box}
          className={styles.flows}
          role="table"
          aria-label="Flow records"
          aria-rowcount={pages.hasMore ? -1 : result.rows.length + 1}
          tabIndex={0}
          onScroll={(e) => hold(e.currentTarget.scrollTop > 0)}
        >
          <FlowHead {...{ columns, template, sort, onSort }} />
          <div role="rowgroup" className={styles.flowBody} style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map((item) => (
              <FlowRow
                key={item.key}
                index={item.index}
                row={result.rows[item.index] as Row}
                {...{ columns, chosen }}
                choose={setChosen}
                style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}
              />
            ))}
          </div>
        </div>
        {chosen && <RecordPanel columns={result.columns} row={chosen} close={() => setChosen(undefined)} />}
      </div>
      <End pages={pages} />
    </>
  );
}

/** How many records are there, and whether more follow. */
function End({ pages: { result, hasMore, loading, error, more } }: { pages: Pages }) {
  const shown = count(result.rows.length, 'record');
  const ended = result.next !== '' && result.rows.length >= maxRecords ? 'download the rest, or narrow the filter' : 'that is all';
  return (
    <div className={styles.flowEnd}>
      <span role="status">{error ? `${shown}; no more: ${error.message}` : loading ? `${shown}, more are coming…` : hasMore ? `${shown} so far` : `${shown}: ${ended}`}</span>
      {hasMore && !loading && (
        <Button size="compact-xs" variant="default" onClick={more}>
          {error ? 'Try again' : 'More records'}
        </Button>
      )}
    </div>
  );
}
