import { Button } from '@mantine/core';
import { IconArrowNarrowDown, IconArrowNarrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { counterText } from '../../format/values';
import { count } from '../../format/numbers';
import type { QueryInput, ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { columnLabel } from './fields';
import { NoFlows } from './NoFlows';
import { maxRecords } from './pages';
import { directionOf, nextSort, type Direction } from './sort';
import { usePages, type Pages } from './usePages';
import { ValueCell } from './ValueMenu';

const rowHeight = 26;

/** Columns that are shown, in this order; the rest follows when all fields are asked for. */
const order = [
  'time', 'exporter', 'srcAddr', 'srcPort', 'dstAddr', 'dstPort', 'proto', 'tcpFlags', 'bytes', 'packets', 'inIf', 'outIf',
  'srcAs', 'dstAs', 'first', 'last', 'version', 'samplingRate',
];

const widths: Record<string, number> = {
  time: 190, first: 190, last: 190, exporter: 130, srcAddr: 210, dstAddr: 210, tcpFlags: 86, srcPort: 112, dstPort: 128,
  proto: 74, bytes: 84, packets: 84, nextHop: 130, srcMac: 130, dstMac: 130, version: 96,
};

const counters = new Set(['bytes', 'packets', 'flows']);

type Shown = { at: number; name: string; width: number; counter: boolean };

function shownColumns(result: ResultPartsFragment, all: boolean): Shown[] {
  const rank = (name: string) => (order.indexOf(name) + 1 || order.length + 1);
  return result.columns
    .map((c, at) => ({ at, name: c.name, width: widths[c.name] ?? 92, counter: counters.has(c.name) }))
    .filter((c) => all || order.includes(c.name))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.at - b.at);
}

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
  const template = columns.map((c) => `${c.width}px`).join(' ');
  return (
    <>
      <div
        ref={box}
        className={styles.flows}
        role="table"
        aria-label="Flow records"
        aria-rowcount={pages.hasMore ? -1 : result.rows.length + 1}
        tabIndex={0}
        onScroll={(e) => hold(e.currentTarget.scrollTop > 0)}
      >
        <div role="rowgroup" className={styles.flowHead}>
          <div role="row" aria-rowindex={1} className={styles.flowRow} style={{ gridTemplateColumns: template }}>
            {columns.map((c) => (
              <span key={c.name} role="columnheader" data-num={c.counter || undefined} aria-sort={directionOf(sort, c.name)}>
                <button type="button" className={styles.sort} onClick={() => onSort(nextSort(sort, c.name))}>
                  {columnLabel(c.name)} <SortMark direction={directionOf(sort, c.name)} />
                </button>
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={styles.flowBody} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              className={styles.flowRow}
              style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}
            >
              {columns.map((c) => {
                const value = result.rows[item.index]?.[c.at];
                return (
                  <span key={c.name} role="cell" data-num={c.counter || undefined}>
                    {c.counter ? counterText(c.name, value) : <ValueCell column={c.name} value={value} />}
                  </span>
                );
              })}
            </div>
          ))}
        </div>
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

function SortMark({ direction }: { direction: Direction | undefined }) {
  if (direction === undefined) return null;
  return direction === 'ascending' ? <IconArrowNarrowUp size={13} aria-hidden /> : <IconArrowNarrowDown size={13} aria-hidden />;
}
