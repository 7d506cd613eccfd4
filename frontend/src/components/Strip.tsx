import { IconBroadcast, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { span } from '../format/times';
import styles from './Strip.module.css';

/** The few numbers that say how the whole is, above a page. */
export function Strip({ children, live, pollMs }: { children: ReactNode; live: boolean; pollMs: number }) {
  return (
    <section className={`panel ${styles.strip}`} aria-label="Summary">
      {children}
      <span className="grow" />
      <span className={styles.live} data-live={live || undefined}>
        {live ? <IconBroadcast size={15} aria-hidden /> : <IconRefresh size={15} aria-hidden />}
        {live ? 'live' : `every ${span(pollMs)}`}
      </span>
    </section>
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
