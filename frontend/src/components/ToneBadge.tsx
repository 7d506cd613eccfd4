import type { Icon } from '@tabler/icons-react';
import styles from './ToneBadge.module.css';

export type BadgeTone = 'ok' | 'warn' | 'bad' | 'idle';

export type Look = { icon: Icon; tone: BadgeTone };

/** A state: a shape, a word and a colour. */
export function ToneBadge({ look: { icon: Shape, tone }, word }: { look: Look; word: string }) {
  return (
    <span className={styles.badge} data-tone={tone}>
      <Shape size={13} aria-hidden /> {word}
    </span>
  );
}
