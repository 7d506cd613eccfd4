import type { ReactNode } from 'react';
import { Heads, type Head } from './Heads';
import styles from './SmallTable.module.css';

type Props = { label: string; heads: readonly (Head | false)[]; children: ReactNode };

/** A small table that scrolls by itself where it is too wide. */
export function SmallTable({ label, heads, children }: Props) {
  return (
    <div className={`scroll ${styles.box}`} tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <Heads of={heads.filter((h) => h !== false)} />
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
