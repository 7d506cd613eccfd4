/** A query as the server sees it: started, followed, stopped or canceled. */
import { ApiError, execute } from '../../graphql/execute';
import {
  CancelQueryDocument, QueryJobDocument, QueryProgressDocument, QueryStateDocument, StartQueryDocument,
  StopQueryDocument, type JobPartsFragment, type QueryInput, type ResultPartsFragment,
} from '../../graphql/generated/graphql';
import { follow } from '../../graphql/live';

export type Progress = {
  id: string;
  /** Place in the queue, from 1; 0 once it is its turn. */
  place: number;
  units: JobPartsFragment['progress'];
};

/** Whether a query has not ended yet. */
export const isOpen = ({ state }: Pick<JobPartsFragment, 'state'>): boolean => state === 'queued' || state === 'running';

export type Finished = {
  result: ResultPartsFragment;
  /** Someone ended it early: the result is what was there. */
  stopped: boolean;
};

/** Answers that come this soon need no progress. */
const wait = '400ms';

/** When no push of progress came for this long, the state is asked for. */
const pollMs = 1500;

/** Runs a query to its end. Aborting the signal cancels it on the server. */
export async function run(
  input: QueryInput, signal: AbortSignal, tell: (progress: Progress) => void,
): Promise<Finished> {
  // Not aborted itself: an aborted start would leave a query without a name running.
  let { startQuery: job } = await execute(StartQueryDocument, { input, wait });
  if (isOpen(job)) {
    await ended(job, signal, tell);
    const { query } = await execute(QueryJobDocument, { id: job.id }, signal);
    if (!query) throw new ApiError('the result is no longer kept', 'NOT_FOUND');
    job = query;
  }
  signal.throwIfAborted();
  return finish(job.state, job.error, job.result);
}

function finish(state: JobPartsFragment['state'], error: string, result: ResultPartsFragment | null | undefined): Finished {
  if (state === 'failed') throw new ApiError(error || 'the query failed', 'FAILED');
  if (state === 'canceled') throw new ApiError('the query was canceled', 'CANCELED');
  if (!result) throw new ApiError('the query ended without a result', 'INTERNAL');
  return { result, stopped: state === 'stopped' };
}

/** Resolves when a job has ended, by push or by asking. */
function ended(job: JobPartsFragment, signal: AbortSignal, tell: (progress: Progress) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = Date.now();
    const see = (seen: JobPartsFragment | null | undefined) => {
      heard = Date.now();
      if (!seen) return settle(() => reject(new ApiError('the query is no longer known', 'NOT_FOUND')));
      tell({ id: seen.id, place: seen.place, units: seen.progress });
      if (!isOpen(seen)) settle(resolve);
      return undefined;
    };
    const stop = follow(QueryProgressDocument, { id: job.id }, { next: (r) => see(r.queryProgress) });
    const timer = setInterval(() => {
      if (Date.now() - heard < pollMs) return;
      execute(QueryStateDocument, { id: job.id }, signal).then((r) => see(r.query), () => undefined);
    }, pollMs);
    const abort = () => {
      void cancel(job.id);
      settle(() => reject(signal.reason as Error));
    };
    function settle(then: () => void) {
      clearInterval(timer);
      stop();
      signal.removeEventListener('abort', abort);
      then();
    }
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    return see(job);
  });
}

/** Ends a query and drops its result; one that has ended already is left alone. */
async function cancel(id: string): Promise<void> {
  await execute(CancelQueryDocument, { id }).catch(() => undefined);
}

/** Ends a query and keeps what is there. */
export async function stop(id: string): Promise<void> {
  await execute(StopQueryDocument, { id });
}
