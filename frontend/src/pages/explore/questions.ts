/** The queries behind a view. */
import { metrics } from '../../format/numbers';
import type { QueryInput } from '../../graphql/generated/graphql';
import { bounds, chartStep } from '../../time/range';
import { rangeBefore } from './compare';
import { pageSize } from './pages';
import type { View } from './url';

type Questions = {
  /** Seconds per step of the chart: asking more often shows nothing new. */
  step: number;
  series: QueryInput;
  /** All flows of the time that the chart is compared with; undefined if with none. */
  before: QueryInput | undefined;
  top: QueryInput;
  flows: QueryInput;
};

export function questions(view: View, now: number): Questions {
  const asked = { from: view.range.from, to: view.range.to, filter: view.filter };
  const step = chartStep(...bounds(view.range, now));
  const series: QueryInput = { ...asked, kind: 'series', metrics: [view.metric], step: `${step}s`, ...(view.prorated && { prorated: true }) };
  const past = rangeBefore(view.compare, view.range, now);
  const sums = { ...asked, metrics: [...metrics] };
  return {
    step,
    series: view.by.length === 0 ? series : { ...series, groupBy: [...view.by], orderBy: view.metric, limit: view.top },
    before: past && { ...series, ...past },
    top:
      view.by.length === 0
        ? { ...sums, kind: 'total' }
        : { ...sums, kind: 'top', groupBy: [...view.by], orderBy: view.metric, limit: view.top },
    flows: { ...asked, kind: 'flows', orderBy: view.sort, limit: pageSize },
  };
}
