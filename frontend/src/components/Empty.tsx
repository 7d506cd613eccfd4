import type { ReactNode } from 'react';
import styles from './states.module.css';

/** A view that has nothing to show, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.centre} role="status">
      <strong>{title}</strong>
      {children && <span className={styles.detail}>{children}</span>}
    </div>
  );
}
