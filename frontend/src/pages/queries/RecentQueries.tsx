import { Heads } from '../../components/Heads';
import { exact, si } from '../../format/numbers';
import { ago, span } from '../../format/times';
import { wayOf } from '../explore/cost';
import { rangeOf, tookMs, type Job } from './jobs';
import { Question } from './Question';
import styles from './queries.module.css';

/** Queries that have ended: what they covered and what they cost. */
export function RecentQueries({ jobs, now }: { jobs: readonly Job[]; now: number }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Recent queries">
      <table className="table">
        <Heads
          of={[
            ['Asked'], ['State'], ['Question'], ['Range'], ['Who'], ['Took', 'num'], ['Rows scanned', 'num'], ['Read', 'num'],
            ['Cached segments', 'num'], ['Answered'], ['Between units', 'num'], ['Method'],
          ]}
        />
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>{ago(Date.parse(job.created), now)}</td>
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
