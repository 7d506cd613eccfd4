/** Results as the API gives them, for tests. */
import type { ResultPartsFragment } from '../graphql/generated/graphql';

export const start = Date.UTC(2026, 10, 25, 12);

export const at = (s: number): string => new Date(start + s * 1000).toISOString();

export function result(change: Partial<ResultPartsFragment>): ResultPartsFragment {
  return {
    kind: 'series',
    from: at(0),
    to: at(30),
    step: '10s',
    columns: [
      { name: 'time', kind: 'time' },
      { name: 'bytes', kind: 'counter' },
    ],
    rows: [],
    total: null,
    other: null,
    others: [],
    next: '',
    groups: '',
    method: 'exact',
    merge: '',
    coverage: { complete: true, unitsAsked: 3, unitsAnswered: 3, missing: [], answeredBySecondary: [] },
    stats: { rowsScanned: '1000', rowsMatched: '10', bytesRead: '1', segments: 1, cachedSegments: 0, seriesPoints: '0', wireBytes: '0', spilledBytes: '0', elapsedMs: '5' },
    ...change,
  };
}
