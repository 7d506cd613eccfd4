import { Button, Skeleton } from '@mantine/core';
import { IconPlayerStop, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { exact, si } from '../../format/numbers';
import { ago, span } from '../../format/times';
import type { QueriesQuery } from '../../graphql/generated/graphql';
import { sum } from '../../lists';
import { wayOf } from '../explore/cost';
import { isOpen } from '../explore/run';
import { doneOf, exploreSearch, questionOf, tookMs, type Job } from './jobs';
import styles from './queries.module.css';
import { pollMs, useEndQuery, useQueries } from './useQueries';

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
        {open.length === 0 ? <Empty title="Nothing is being asked">Queries show here while they run.</Empty> : <Running jobs={open} now={now} />}
      </section>
      <section className="panel" aria-label="Recent">
        <h2 className="panelTitle">Recent</h2>
        {ended.length === 0 ? <Empty title="Nothing was asked lately" /> : <Recent jobs={ended} now={now} />}
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
    <Strip live={false} pollMs={pollMs}>
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

function Question({ request }: { request: Job['request'] }) {
  return (
    <>
      <Link to="/explore" search={exploreSearch(request)}>
        {questionOf(request)}
      </Link>
      {request.filter !== '' && <code className={styles.filter}>{request.filter}</code>}
    </>
  );
}

const rangeOf = ({ from, to }: Job['request']): string => `${from || 'now-1h'} – ${to || 'now'}`;

function Running({ jobs, now }: { jobs: readonly Job[]; now: number }) {
  const end = useEndQuery();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Running queries">
      {end.error && <Notice>{end.error.message}</Notice>}
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Question</th>
            <th scope="col">Range</th>
            <th scope="col">Who</th>
            <th scope="col" className="num">For</th>
            <th scope="col">Progress</th>
            <th scope="col">
              <span className="hidden">End it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                <Question request={job.request} />
              </td>
              <td>{rangeOf(job.request)}</td>
              <td>{job.actor}</td>
              <td className="num">{span(tookMs(job, now))}</td>
              <td>
                <Progress job={job} />
              </td>
              <td>
                <Button.Group>
                  <Button
                    size="compact-xs"
                    variant="default"
                    leftSection={<IconPlayerStop size={12} aria-hidden />}
                    aria-label={`Stop ${questionOf(job.request)} of ${job.actor} and keep what is there`}
                    onClick={() => end.mutate({ id: job.id, how: 'stop' })}
                  >
                    Stop
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="default"
                    leftSection={<IconX size={12} aria-hidden />}
                    aria-label={`Cancel ${questionOf(job.request)} of ${job.actor}`}
                    onClick={() => end.mutate({ id: job.id, how: 'cancel' })}
                  >
                    Cancel
                  </Button>
                </Button.Group>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How far the whole is, and each unit. */
function Progress({ job }: { job: Job }) {
  if (job.state === 'queued') return <span className={styles.queued}>queued: place {job.place}</span>;
  const done = doneOf(job);
  return (
    <div className={styles.progress}>
      <span
        className={styles.bar}
        role="progressbar"
        aria-label={`Progress of ${questionOf(job.request)}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(done.share * 100)}
      >
        <span style={{ width: `${done.share * 100}%` }} />
      </span>
      <span className="dim">
        {done.units} of {done.of} units, {si(done.rows)} rows
      </span>
      {job.progress.map((u) => (
        <span key={u.unit} className={styles.unit} data-state={u.state}>
          {u.unit}: {u.state === 'running' ? `${u.segmentsDone} of ${u.segments} segments` : u.state}
        </span>
      ))}
    </div>
  );
}

function Recent({ jobs, now }: { jobs: readonly Job[]; now: number }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Recent queries">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">State</th>
            <th scope="col">Question</th>
            <th scope="col">Range</th>
            <th scope="col">Who</th>
            <th scope="col" className="num">Took</th>
            <th scope="col" className="num">Rows scanned</th>
            <th scope="col" className="num">Read</th>
            <th scope="col" className="num">Cached segments</th>
            <th scope="col">Answered</th>
            <th scope="col" className="num">Between units</th>
            <th scope="col">Method</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>{job.ended ? ago(Date.parse(job.ended), now) : '–'}</td>
              <td className={styles.state} data-state={job.state} title={job.error}>
                {job.state}
              </td>
              <td>
                <Question request={job.request} />
              </td>
              <td>{rangeOf(job.request)}</td>
              <td>{job.actor}</td>
              <td className="num">{span(tookMs(job, now))}</td>
              <Cost result={job.result} error={job.error} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cost({ result, error }: Pick<Job, 'result' | 'error'>) {
  if (!result) return <td colSpan={6} className="dim">{error || 'no result'}</td>;
  const { stats, coverage } = result;
  return (
    <>
      <td className="num" title={exact(stats.rowsScanned)}>{si(Number(stats.rowsScanned))}</td>
      <td className="num">{si(Number(stats.bytesRead), 'B')}</td>
      <td className="num">
        {exact(stats.cachedSegments)} of {exact(stats.segments)}
      </td>
      <td className={coverage.complete ? undefined : styles.partial}>
        {coverage.unitsAnswered} of {coverage.unitsAsked} units{!coverage.complete && ', partial'}
      </td>
      <td className="num">{si(Number(stats.wireBytes), 'B')}</td>
      <td>{wayOf(result)}</td>
    </>
  );
}
