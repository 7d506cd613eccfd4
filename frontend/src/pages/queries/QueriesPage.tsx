import { Skeleton } from '@mantine/core';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Freshness, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { exact, si } from '../../format/numbers';
import type { QueriesQuery } from '../../graphql/generated/graphql';
import { sum } from '../../lists';
import { isOpen } from '../explore/run';
import type { Job } from './jobs';
import styles from './queries.module.css';
import { RecentQueries } from './RecentQueries';
import { RunningQueries } from './RunningQueries';
import { pollMs, useQueries } from './useQueries';

/** Who asks what at the moment, how far it is, and what the recent questions cost. */
export function QueriesPage() {
  const { data, error, isPending, refetch } = useQueries();
  const now = useNow();
  if (isPending) {
    return (
      <div role="status" aria-label="Loading the queries" className={styles.page}>
        <Skeleton height={54} />
        <Skeleton height={320} />
      </div>
    );
  }
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The queries could not be read" />;
  const open = data.queries.filter(isOpen);
  const ended = data.queries.filter((j) => !isOpen(j));
  return (
    <div className={styles.page}>
      <Summary open={open} ended={ended} limits={data.queryLimits} />
      {error && <Notice>The Master does not answer; this is what it said last.</Notice>}
      <section className="panel" aria-label="Running">
        <h2 className="panelTitle">Running and queued</h2>
        {open.length === 0 ? <p className={styles.none}>Nothing is being asked. Queries show here while they run.</p> : <RunningQueries jobs={open} now={now} />}
      </section>
      <section className="panel" aria-label="Recent">
        <h2 className="panelTitle">Recent</h2>
        {ended.length === 0 ? <Empty title="Nothing was asked lately" /> : <RecentQueries jobs={ended} now={now} />}
      </section>
    </div>
  );
}

type SummaryProps = { open: readonly Job[]; ended: readonly Job[]; limits: QueriesQuery['queryLimits'] };

function Summary({ open, ended, limits }: SummaryProps) {
  const queued = open.filter((j) => j.state === 'queued').length;
  const stats = ended.flatMap((j) => (j.result ? [j.result.stats] : []));
  const segments = sum(stats, (s) => s.segments);
  const cached = sum(stats, (s) => s.cachedSegments);
  const failed = ended.filter((j) => j.state === 'failed').length;
  return (
    <Strip end={<Freshness pollMs={pollMs} />}>
      <Fact label="Running" value={`${exact(open.length - queued)} of at most ${exact(limits.running)}`} />
      <Fact label="Queued" value={`${exact(queued)} of at most ${exact(limits.waiting)}`} alarm={queued >= limits.waiting} />
      <Fact label="Recent" value={exact(ended.length)} />
      <Fact label="Failed" value={exact(failed)} alarm={failed > 0} />
      <Fact label="Rows scanned" value={si(sum(stats, (s) => Number(s.rowsScanned)))} />
      <Fact label="Read" value={si(sum(stats, (s) => Number(s.bytesRead)), 'B')} />
      <Fact label="Segments from the cache" value={`${exact(cached)} of ${exact(segments)}`} />
    </Strip>
  );
}
