import { IconListDetails } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { SortButton } from '../../components/SortButton';
import { counterText } from '../../format/values';
import styles from './explore.module.css';
import { columnLabel } from './fields';
import type { Shown } from './flowColumns';
import type { Row } from './RecordPanel';
import { directionOf, nextSort } from './sort';
import { ValueCell } from './ValueMenu';

type HeadProps = { columns: readonly Shown[]; template: string; sort: string; onSort: (sort: string) => void };

/** What the columns are, and what they are sorted by. */
export function FlowHead({ columns, template, sort, onSort }: HeadProps) {
  return (
    <div role="rowgroup" className={styles.flowHead}>
      <div role="row" aria-rowindex={1} className={styles.flowRow} style={{ gridTemplateColumns: template }}>
        <span role="columnheader">
          <span className="hidden">Details</span>
        </span>
        {columns.map((c) => (
          <span key={c.name} role="columnheader" data-num={c.counter || undefined} aria-sort={directionOf(sort, c.name)}>
            <SortButton label={columnLabel(c.name)} direction={directionOf(sort, c.name)} onClick={() => onSort(nextSort(sort, c.name))} />
          </span>
        ))}
      </div>
    </div>
  );
}

type RowProps = {
  index: number;
  row: Row;
  columns: readonly Shown[];
  chosen: Row | undefined;
  choose: (row: Row) => void;
  style: CSSProperties;
};

/** One record; its first cell opens it in full. */
export function FlowRow({ index, row, columns, chosen, choose, style }: RowProps) {
  return (
    <div role="row" aria-rowindex={index + 2} className={styles.flowRow} style={style}>
      <span role="cell">
        <button type="button" className={styles.value} aria-label={`All fields of record ${index + 1}`} aria-pressed={row === chosen} onClick={() => choose(row)}>
          <IconListDetails size={13} aria-hidden />
        </button>
      </span>
      {columns.map((c) => (
        <span key={c.name} role="cell" data-num={c.counter || undefined}>
          {c.counter ? counterText(c.name, row[c.at]) : <ValueCell column={c.name} value={row[c.at]} />}
        </span>
      ))}
    </div>
  );
}
