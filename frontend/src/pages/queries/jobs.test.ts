import { expect, test } from 'vitest';
import { job } from '../../test/jobs';
import { doneOf, exploreSearch, questionOf, tookMs, unitsOf } from './jobs';

const asked = (change: Partial<ReturnType<typeof job>['request']>) => ({ ...job().request, ...change });

test.each([
  [{}, 'first 10 by Source address'],
  [{ limit: 0 }, 'first 10 by Source address'],
  [{ kind: 'series' as const, groupBy: [] }, 'over time'],
  [{ kind: 'series' as const, groupBy: ['dstPort', 'proto'] }, 'over time by Destination port, Protocol'],
  [{ kind: 'flows' as const, limit: 1000 }, '1,000 records at most'],
  [{ kind: 'flows' as const, limit: 0 }, '100 records at most'],
  [{ kind: 'total' as const }, 'sums'],
])('%o is %s', (change, want) => expect(questionOf(asked(change))).toBe(want));

test('progress counts segments, and units where there are none', () => {
  const unit = (state: string, segmentsDone: number, segments: number) => ({ unit: state, state, rowsScanned: '10', segmentsDone, segments });
  expect(doneOf({ progress: [unit('done', 4, 4), unit('running', 1, 6)] })).toEqual({ units: 1, of: 2, share: 0.5, rows: 20 });
  expect(doneOf({ progress: [unit('done', 0, 0), unit('pending', 0, 0)] }).share).toBe(0.5);
  expect(doneOf({ progress: [] })).toEqual({ units: 0, of: 0, share: 0, rows: 0 });
});

test('of many units those are told that are not done', () => {
  const progress = Array.from({ length: 9 }, (_, i) => ({ unit: `u${i}`, state: i < 7 ? 'done' : 'running', rowsScanned: '0', segmentsDone: 0, segments: 1 }));
  const { told, more } = unitsOf({ progress });
  expect([told.map((u) => u.unit), more]).toEqual([['u7', 'u8', 'u0', 'u1', 'u2', 'u3'], 3]);
});

test('a running query takes until now', () => {
  expect(tookMs({ created: '2026-11-25T12:00:00Z', ended: null }, Date.UTC(2026, 10, 25, 12, 0, 5))).toBe(5000);
  expect(tookMs({ created: '2026-11-25T12:00:00Z', ended: '2026-11-25T12:00:01Z' }, 0)).toBe(1000);
});

test('the same question opens in Explore', () => {
  expect(exploreSearch(asked({ filter: 'proto tcp', from: 'now-2h' }))).toMatchObject({ from: 'now-2h', to: 'now', f: 'proto tcp', by: 'srcAddr' });
  expect(exploreSearch(asked({ kind: 'flows', groupBy: [] }))).toMatchObject({ tab: 'flows', by: 'srcAddr' });
  expect(exploreSearch(asked({ kind: 'total', groupBy: [] }))).toMatchObject({ by: 'none' });
});
