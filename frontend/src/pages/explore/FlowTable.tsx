import { IconArrowNarrowDown, IconArrowNarrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { counterText } from '../../format/values';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { columnLabel } from './fields';
import { NoFlows } from './NoFlows';
import { directionOf, nextSort, type Direction } from './sort';
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

type Props = { result: ResultPartsFragment; sort: string; onSort: (sort: string) => void; allFields: boolean };

/** The records themselves; only the rows in sight are in the document. */
export function FlowTable({ result, sort, onSort, allFields }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const columns = shownColumns(result, allFields);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer's functions are not memoized here
  const rows = useVirtualizer({
    count: result.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  if (result.rows.length === 0) return <NoFlows coverage={result.coverage} />;
  const template = columns.map((c) => `${c.width}px`).join(' ');
  return (
    <div
      ref={box}
      className={styles.flows}
      role="table"
      aria-label="Flow records"
      aria-rowcount={result.rows.length + 1}
      tabIndex={0}
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
  );
}

function SortMark({ direction }: { direction: Direction | undefined }) {
  if (direction === undefined) return null;
  return direction === 'ascending' ? <IconArrowNarrowUp size={13} aria-hidden /> : <IconArrowNarrowDown size={13} aria-hidden />;
}
