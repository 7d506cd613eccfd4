/** The queries behind a view. */
import { metrics } from '../../format/numbers';
import type { QueryInput } from '../../graphql/generated/graphql';
import { bounds, chartStep } from '../../time/range';
import type { View } from './url';

/** Records listed; more of them are a stream (GET /api/v1/flows). */
export const flowLimit = 1000;

export type Questions = { series: QueryInput; whole: QueryInput; top: QueryInput; flows: QueryInput };

export function questions(view: View, now: number): Questions {
  const asked = { from: view.range.from, to: view.range.to, filter: view.filter };
  const step = `${chartStep(...bounds(view.range, now))}s`;
  const series: QueryInput = { ...asked, kind: 'series', metrics: [view.metric], step };
  const sums = { ...asked, metrics: [...metrics] };
  return {
    series: view.by.length === 0 ? series : { ...series, groupBy: [...view.by], orderBy: view.metric, limit: view.top },
    whole: series,
    top:
      view.by.length === 0
        ? { ...sums, kind: 'total' }
        : { ...sums, kind: 'top', groupBy: [...view.by], orderBy: view.metric, limit: view.top },
    flows: { ...asked, kind: 'flows', limit: flowLimit },
  };
}
