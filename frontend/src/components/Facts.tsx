import type { ReactNode } from 'react';
import styles from './Facts.module.css';

type FactRow = readonly [name: string, value: ReactNode];

/** Names and values of one thing, a line each. */
export function Facts({ rows }: { rows: readonly FactRow[] }) {
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
