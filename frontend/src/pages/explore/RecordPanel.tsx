import { CloseButton } from '@mantine/core';
import { Facts } from '../../components/Facts';
import { counterText } from '../../format/values';
import { exact } from '../../format/numbers';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { columnLabel, isCounter } from './fields';
import { ValueCell } from './ValueMenu';

export type Row = ResultPartsFragment['rows'][number];

type Props = { columns: ResultPartsFragment['columns']; row: Row; close: () => void };

/** One record in full: every field that it carries. */
export function RecordPanel({ columns, row, close }: Props) {
  const carried = columns.flatMap(({ name }, i) => (row[i] === undefined || row[i] === null || row[i] === '' ? [] : [{ name, value: row[i] }]));
  return (
    <aside className={styles.record} aria-label="Record">
      <div className="panelTitle">
        Record <span className="grow" />
        <CloseButton size="sm" aria-label="Close the record" onClick={close} />
      </div>
      <div className={styles.recordBody} tabIndex={0} role="region" aria-label="Fields of the record">
        <Facts
          rows={carried.map(({ name, value }) => [
            columnLabel(name),
            isCounter(name) ? `${counterText(name, value)} (${exact(String(value))})` : <ValueCell key={name} column={name} value={value} />,
          ])}
        />
      </div>
    </aside>
  );
}
