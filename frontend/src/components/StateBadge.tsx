import {
  IconAlertTriangle, IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled, IconLoader2,
} from '@tabler/icons-react';
import type { UnitState } from '../graphql/generated/graphql';
import { ToneBadge, type BadgeTone, type Look } from './ToneBadge';

const looks: Record<UnitState, Look> = {
  active: { icon: IconCircleCheckFilled, tone: 'ok' },
  degraded: { icon: IconAlertTriangle, tone: 'warn' },
  joining: { icon: IconLoader2, tone: 'idle' },
  expected: { icon: IconCircleDashed, tone: 'idle' },
  lost: { icon: IconCircleXFilled, tone: 'bad' },
};

export const toneOf = (state: UnitState): BadgeTone => looks[state].tone;

/** The state of a unit. */
export const StateBadge = ({ state }: { state: UnitState }) => <ToneBadge look={looks[state]} word={state} />;
