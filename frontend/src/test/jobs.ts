/** Queries as their list shows them, for tests. */
import { graphql, HttpResponse } from 'msw';
import type { Job } from '../pages/queries/jobs';
import { server } from './server';

export const job = (change: Partial<Job> = {}): Job => ({
  id: 'q1',
  state: 'done',
  place: 0,
  actor: 'ada',
  created: '2026-11-25T12:00:00Z',
  ended: '2026-11-25T12:00:02Z',
  error: '',
  request: { kind: 'top', from: 'now-1h', to: 'now', filter: '', groupBy: ['srcAddr'], metrics: ['bytes'], limit: 10 },
  progress: [],
  result: {
    method: 'exact',
    merge: 'threshold',
    groups: '70',
    coverage: { complete: true, unitsAsked: 3, unitsAnswered: 3 },
    stats: { rowsScanned: '5000', rowsMatched: '100', bytesRead: '40000', segments: 8, cachedSegments: 6, seriesPoints: '0', wireBytes: '9000', spilledBytes: '0', elapsedMs: '2000' },
  },
  ...change,
});

export const answerJobs = (jobs: Job[]) => server.use(graphql.query('Queries', () => HttpResponse.json({ data: { queries: jobs, queryLimits: { running: 4, waiting: 16 } } })));
