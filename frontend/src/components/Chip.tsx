import type { ReactNode } from 'react';
import styles from './Chip.module.css';
import type { BadgeTone } from './ToneBadge';

/** A word or two of a line, set apart. */
export const Chip = ({ tone = 'idle', children }: { tone?: BadgeTone; children: ReactNode }) => (
  <span className={styles.chip} data-tone={tone}>
    {children}
  </span>
);
