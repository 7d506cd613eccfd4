import { Button } from '@mantine/core';
import { IconPlayerStop, IconX } from '@tabler/icons-react';
import { Bar } from '../../components/Bar';
import { Chip } from '../../components/Chip';
import { Heads } from '../../components/Heads';
import { Notice } from '../../components/Notice';
import type { BadgeTone } from '../../components/ToneBadge';
import { count, si } from '../../format/numbers';
import { span } from '../../format/times';
import { doneOf, questionOf, rangeOf, tookMs, unitsOf, type Job } from './jobs';
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
        <Heads of={[['Question'], ['Range'], ['Who'], ['For', 'num'], ['Progress'], ['End it', 'hidden']]} />
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

const tones: Record<string, BadgeTone> = { done: 'ok', failed: 'bad' };

/** How far the whole is, and each unit. */
function Progress({ job }: { job: Job }) {
  if (job.state === 'queued') return <span className={styles.queued}>queued: place {job.place}</span>;
  const done = doneOf(job);
  const { told, more } = unitsOf(job);
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
        <Bar share={done.share} />
      </span>
      <span className="dim">
        {done.units} of {done.of} units, {si(done.rows)} rows
      </span>
      {told.map((u) => (
        <Chip key={u.unit} tone={tones[u.state]}>
          {u.unit}: {u.state === 'running' ? `${u.segmentsDone} of ${u.segments} segments` : u.state}
        </Chip>
      ))}
      {more > 0 && <span className="dim">and {count(more, 'more unit')}</span>}
    </div>
  );
}
