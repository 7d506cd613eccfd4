import { IconBroadcast, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { span } from '../format/times';
import styles from './Strip.module.css';

/** The few numbers that say how the whole is, above a page, and a word about them at its end. */
export function Strip({ children, end, label = 'Summary' }: { children: ReactNode; end: ReactNode; label?: string }) {
  return (
    <section className={`panel ${styles.strip}`} aria-label={label}>
      {children}
      <span className={styles.end}>{end}</span>
    </section>
  );
}

/** Whether numbers come by themselves, or how often they are asked for. */
export function Freshness({ live = false, pollMs }: { live?: boolean; pollMs: number }) {
  return (
    <span className={styles.live} data-live={live || undefined}>
      {live ? <IconBroadcast size={15} aria-hidden /> : <IconRefresh size={15} aria-hidden />}
      {live ? 'live' : `every ${span(pollMs)}`}
    </span>
  );
}

export function Fact({ label, value, alarm = false, title }: { label: string; value: string; alarm?: boolean; title?: string }) {
  return (
    <div className={styles.fact} data-alarm={alarm || undefined} title={title}>
      <span>{label}</span>
      <strong>{value}</strong>
    </div>
  );
}
