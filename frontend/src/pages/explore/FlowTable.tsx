import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { counterText } from '../../format/values';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { columnLabel } from './fields';
import { NoFlows } from './NoFlows';
import { ValueCell } from './ValueMenu';

const rowHeight = 26;

/** Columns that are shown, in this order; the rest follows as it comes. */
const order = [
  'time', 'exporter', 'srcAddr', 'srcPort', 'dstAddr', 'dstPort', 'proto', 'tcpFlags', 'bytes', 'packets', 'inIf', 'outIf',
  'srcAs', 'dstAs', 'tos', 'first', 'last', 'version', 'samplingRate',
];

const widths: Record<string, number> = {
  time: 178, first: 178, last: 178, exporter: 130, srcAddr: 220, dstAddr: 220, tcpFlags: 86, srcPort: 108, dstPort: 108,
  proto: 74, bytes: 84, packets: 84, nextHop: 130, srcMac: 130, dstMac: 130, version: 96,
};

const counters = new Set(['bytes', 'packets', 'flows']);

type Shown = { at: number; name: string; width: number; counter: boolean };

function shownColumns(result: ResultPartsFragment): Shown[] {
  const rank = (name: string) => (order.indexOf(name) + 1 || order.length + 1);
  return result.columns
    .map((c, at) => ({ at, name: c.name, width: widths[c.name] ?? 92, counter: counters.has(c.name) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.at - b.at);
}

/** The records themselves; only the rows in sight are in the document. */
export function FlowTable({ result }: { result: ResultPartsFragment }) {
  const box = useRef<HTMLDivElement>(null);
  const columns = shownColumns(result);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer's functions are not memoized here
  const rows = useVirtualizer({
    count: result.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
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
            <span key={c.name} role="columnheader" data-num={c.counter || undefined}>
              {columnLabel(c.name)}
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
