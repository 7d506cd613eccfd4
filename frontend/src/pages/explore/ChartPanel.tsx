import { Skeleton } from '@mantine/core';
import { useMemo } from 'react';
import { colourOf } from '../../chart/colours';
import { SeriesChart } from '../../chart/SeriesChart';
import { Empty } from '../../components/Empty';
import { PageError } from '../../components/PageError';
import { rate, type Metric } from '../../format/numbers';
import { range as rangeText, zoneName } from '../../format/times';
import { usePreferences } from '../../preferences';
import { isFilterMistake, type Missing } from './coverage';
import styles from './explore.module.css';
import { Legend } from './Legend';
import type { Line, Lines } from './lines';
import type { Run } from './useRun';
import type { Shape } from './url';

type Props = {
  lines: Lines | undefined;
  /** The same time earlier, if the chart is compared with one. */
  before: Line | undefined;
  run: Run;
  metric: Metric;
  shape: Shape;
  missing: readonly Missing[];
  highlight: string | undefined;
  onHighlight: (key: string | undefined) => void;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
};

/** The chart with its legend; what was there stays while the next is computed. */
export function ChartPanel(props: Props) {
  const { lines, run } = props;
  return (
    <section className={`panel ${styles.chartPanel}`} aria-label="Chart" aria-busy={run.running}>
      <ProgressLine run={run} />
      {lines ? (
        <div className={styles.chartSplit} data-bare={lines.lines.length === 0 || undefined} data-old={(run.old && run.running) || undefined}>
          <Picture {...props} lines={lines} />
        </div>
      ) : (
        <Nothing run={run} />
      )}
    </section>
  );
}

function Nothing({ run }: { run: Run }) {
  if (run.running) {
    return (
      <div role="status" aria-label="Loading the chart" className={styles.chartLoading}>
        <Skeleton height="100%" />
      </div>
    );
  }
  if (run.error && isFilterMistake(run.error)) {
    return <Empty title="The filter has a mistake">{run.error.message.replace(position, '')}</Empty>;
  }
  if (run.error) return <PageError error={run.error} retry={run.again} />;
  return <Empty title="Canceled">Run the query to see flows.</Empty>;
}

/** Where the mistake is, which the filter itself shows. */
const position = /^.*filter at octet \d+: /;

function Picture({ lines, before, metric, shape, missing, highlight, onHighlight, onZoom, onZoomOut }: Props & { lines: Lines }) {
  const { zone } = usePreferences();
  const drawn = useMemo(() => lines.lines.map((line, i) => ({ ...line, colour: colourOf(i, line.other) })), [lines]);
  const earlier = useMemo(() => (before && shape !== 'share' ? { ...before, colour: 'var(--text)' } : undefined), [before, shape]);
  return (
    <>
      <div className={styles.canvas}>
        {lines.lines.length === 0 && <div className={styles.noFlows}>No flows match in this range</div>}
        <SeriesChart
          times={lines.times}
          from={lines.from}
          to={lines.to}
          lines={drawn}
          shape={shape}
          before={earlier}
          zone={zone}
          missing={missing.map((m) => ({ from: Date.parse(m.from), to: Date.parse(m.to) }))}
          format={(value) => rate(metric, value)}
          label={`Traffic over time, ${rangeText(lines.from, lines.to, zone)} ${zoneName(zone, lines.from)}, ${drawn.length} lines`}
          highlight={highlight}
          onZoom={onZoom}
          onZoomOut={onZoomOut}
        />
      </div>
      {lines.lines.length > 0 && <Legend lines={lines} before={before} metric={metric} highlight={highlight} onHighlight={onHighlight} />}
    </>
  );
}

/** How far a query has come, by the segments its units have read. */
function ProgressLine({ run }: { run: Run }) {
  const units = run.progress?.units ?? [];
  const all = units.reduce((sum, u) => sum + u.segments, 0);
  const done = units.reduce((sum, u) => sum + u.segmentsDone, 0);
  if (!run.running) return <div className={styles.progress} aria-hidden />;
  return (
    <div
      className={styles.progress}
      role="progressbar"
      aria-label="Query"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={all > 0 ? Math.round((done / all) * 100) : undefined}
      data-moving={all === 0 || undefined}
    >
      <span style={{ width: all > 0 ? `${(done / all) * 100}%` : undefined }} />
    </div>
  );
}
