import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { SortButton } from '../../components/SortButton';
import { shownColumns, tracks, type ShownColumn } from './cells';
import type { Exporter } from './exporters';
import { nextSort, type Sort } from './select';
import styles from './sources.module.css';

const rowHeight = 30;

type Props = {
  rows: readonly Exporter[];
  sort: Sort;
  now: number;
  chosen: string | undefined;
  onSort: (sort: Sort) => void;
  choose: (key: string | undefined) => void;
  /** Whether someone points at rows, so that they should stay where they are. */
  hold: (held: boolean) => void;
};

/** All exporters; only the rows in sight are in the document. Arrow keys move, Enter opens. */
export function SourcesTable({ rows, sort, now, chosen, onSort, choose, hold }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const columns = shownColumns(chosen !== undefined);
  const { gridTemplateColumns, minWidth } = tracks(columns);
  const [active, setActive] = useState<string>();
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer's functions are not memoized here
  const visible = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollPaddingStart: rowHeight, // the head stays
    getItemKey: (i) => rows[i]?.key ?? i,
  });
  const at = rows.findIndex((e) => e.key === (active ?? chosen));

  const opened = useRef<string>(undefined);
  useEffect(() => {
    const index = rows.findIndex((e) => e.key === chosen);
    if (opened.current === chosen || index < 0) return;
    opened.current = chosen; // only once: polling must not scroll
    visible.scrollToIndex(index);
  });

  function go(to: number) {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (!row) return;
    setActive(row.key);
    visible.scrollToIndex(index);
    if (chosen) choose(row.key); // an open panel follows
  }

  function press(event: KeyboardEvent) {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / rowHeight) - 2);
    const moves: Record<string, number> = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) go(to);
    else if (event.key === 'Enter' && at >= 0) choose(rows[at]?.key);
    else if (event.key === 'Escape' && chosen) choose(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div
      ref={box}
      className={styles.grid}
      role="grid"
      aria-label="Sources"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={at >= 0 ? rowId(rows[at] as Exporter) : undefined}
      tabIndex={0}
      onKeyDown={press}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
    >
      <Head columns={columns} sort={sort} onSort={onSort} />
      <div role="rowgroup" className={styles.body} style={{ height: visible.getTotalSize(), minWidth }}>
        {visible.getVirtualItems().map((item) => {
          const e = rows[item.index] as Exporter;
          return (
            <div
              key={e.key}
              id={rowId(e)}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={e.key === chosen}
              className={styles.row}
              data-active={item.index === at || undefined}
              style={{ gridTemplateColumns, transform: `translateY(${item.start}px)` }}
              onClick={() => {
                setActive(e.key);
                choose(e.key);
              }}
            >
              {columns.map((c) => (
                <span key={c.id} role="gridcell" data-num={c.num} data-column={c.id}>
                  {c.cell(e, now)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const rowId = (e: Exporter): string => `source-${e.key}`;

type HeadProps = { columns: readonly ShownColumn[]; sort: Sort; onSort: (sort: Sort) => void };

function Head({ columns, sort, onSort }: HeadProps) {
  const { gridTemplateColumns, minWidth } = tracks(columns);
  const direction = (c: ShownColumn) => (c.id !== sort.column ? undefined : sort.down ? 'descending' : 'ascending');
  return (
    <div role="rowgroup" className={styles.head} style={{ minWidth }}>
      <div role="row" aria-rowindex={1} className={styles.row} style={{ gridTemplateColumns }}>
        {columns.map((c) => (
          <span key={c.id} role="columnheader" data-num={c.num} data-column={c.id} aria-sort={direction(c)}>
            <SortButton label={c.label} direction={direction(c)} onClick={() => onSort(nextSort(sort, c.id))} />
          </span>
        ))}
      </div>
    </div>
  );
}
