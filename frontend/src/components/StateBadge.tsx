import {
  IconAlertTriangle, IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled, IconLoader2,
} from '@tabler/icons-react';
import type { UnitState } from '../graphql/generated/graphql';
import styles from './StateBadge.module.css';

const looks: Record<UnitState, { icon: typeof IconLoader2; tone: string }> = {
  active: { icon: IconCircleCheckFilled, tone: 'ok' },
  degraded: { icon: IconAlertTriangle, tone: 'warn' },
  joining: { icon: IconLoader2, tone: 'idle' },
  expected: { icon: IconCircleDashed, tone: 'idle' },
  lost: { icon: IconCircleXFilled, tone: 'bad' },
};

export const toneOf = (state: UnitState): string => looks[state].tone;

/** The state of a unit: a shape, a word and a colour. */
export function StateBadge({ state }: { state: UnitState }) {
  const { icon: Icon, tone } = looks[state];
  return (
    <span className={styles.badge} data-tone={tone}>
      <Icon size={13} aria-hidden /> {state}
    </span>
  );
}
