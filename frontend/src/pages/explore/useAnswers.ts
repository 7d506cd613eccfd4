import { useMemo, useState } from 'react';
import type { QueryInput } from '../../graphql/generated/graphql';
import { usePreferences } from '../../preferences';
import { endsNow } from '../../time/range';
import { lineBefore } from './compare';
import { lines, type Line, type Lines } from './lines';
import { questions } from './questions';
import { stop } from './run';
import type { View } from './url';
import { useRun, type Run } from './useRun';

export type Answers = {
  series: Run;
  top: Run;
  flows: Run;
  /** What the first page of records answers. */
  flowsInput: QueryInput;
  lines: Lines | undefined;
  /** The earlier time that the chart is compared with, as soon as it is known. */
  before: Line | undefined;
  /** All that is shown at the moment. */
  shown: Run[];
  running: boolean;
  /** How often the questions are asked again; 0 is never. */
  refreshMs: number;
  /** Stopping needs a query that the server has named. */
  canStop: boolean;
  again: () => void;
  cancel: () => void;
  stop: () => void;
};

/** Asks everything that the view shows. The list of records stays as it is while `holdFlows`. */
export function useAnswers(view: View, holdFlows: boolean): Answers {
  const { refresh } = usePreferences();
  const [opened] = useState(() => Date.now()); // only the length of a range depends on it
  const asked = useMemo(() => questions(view, opened), [view, opened]);
  const refreshMs = endsNow(view.range) && refresh > 0 ? Math.max(refresh, asked.step) * 1000 : 0;
  const series = useRun(asked.series, { refreshMs });
  const top = useRun(asked.top, { refreshMs });
  const flows = useRun(asked.flows, { refreshMs: holdFlows ? 0 : refreshMs, enabled: view.tab === 'flows' });
  const past = useRun(asked.before ?? asked.series, { refreshMs, enabled: asked.before !== undefined });
  const drawn = useLines(series.data, view.metric);
  const drawnBefore = useLines(asked.before && !past.old ? past.data : undefined, view.metric);
  const before = useMemo(
    () => drawn && drawnBefore && lineBefore(drawn, drawnBefore, view.compare),
    [drawn, drawnBefore, view.compare],
  );
  const runs = [series, top, ...(view.tab === 'flows' ? [flows] : []), ...(asked.before ? [past] : [])];
  const named = runs.flatMap((r) => (r.progress ? [r.progress.id] : []));
  return {
    series, top, flows,
    flowsInput: asked.flows,
    lines: drawn,
    before,
    shown: runs,
    running: runs.some((r) => r.running),
    refreshMs,
    canStop: named.length > 0,
    again: () => runs.forEach((r) => r.again()),
    cancel: () => runs.forEach((r) => r.running && r.cancel()),
    stop: () => void Promise.allSettled(named.map(stop)),
  };
}

const useLines = (data: Run['data'], metric: View['metric']): Lines | undefined =>
  useMemo(() => data && lines(data.result, metricOf(data.result.columns, metric)), [data, metric]);

/** The metric that a series holds: while the next is computed, the one before. */
function metricOf(columns: readonly { name: string }[], wanted: View['metric']): View['metric'] {
  const last = columns[columns.length - 1]?.name;
  return last === 'bytes' || last === 'packets' || last === 'flows' ? last : wanted;
}
