import type { ReactNode } from 'react';
import styles from './SmallTable.module.css';

/** The head of a column; numbers stand to the right. */
export type Head = readonly [name: string, kind?: 'num'];

type Props = { label: string; heads: readonly (Head | false)[]; children: ReactNode };

/** A small table that scrolls by itself where it is too wide. */
export function SmallTable({ label, heads, children }: Props) {
  return (
    <div className={`scroll ${styles.box}`} tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            {heads.filter((h) => h !== false).map(([name, kind]) => (
              <th key={name} scope="col" className={kind}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
