import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleXFilled } from '@tabler/icons-react';
import type { Tone } from './problems';
import styles from './sources.module.css';

const marks = {
  ok: { icon: IconCircleCheckFilled, name: 'healthy' },
  warn: { icon: IconAlertTriangleFilled, name: 'worth a look' },
  bad: { icon: IconCircleXFilled, name: 'in trouble' },
} as const;

/** The health of an exporter: a shape, a word for those who hear it, a colour. */
export function ToneMark({ tone, size = 15 }: { tone: Tone; size?: number }) {
  const { icon: Icon, name } = marks[tone];
  return (
    <span className={styles.tone} data-tone={tone} role="img" aria-label={name}>
      <Icon size={size} aria-hidden />
    </span>
  );
}
