import { Button } from '@mantine/core';
import { IconPlayerStop, IconX } from '@tabler/icons-react';
import { Notice } from '../../components/Notice';
import { si } from '../../format/numbers';
import { span } from '../../format/times';
import { doneOf, questionOf, rangeOf, tookMs, type Job } from './jobs';
import { Question } from './Question';
import styles from './queries.module.css';
import { useEndQuery } from './useQueries';

/** Queries that wait or run, how far their units are, and what ends them. */
export function RunningQueries({ jobs, now }: { jobs: readonly Job[]; now: number }) {
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
