import { expect, test } from 'vitest';
import { result } from '../../test/results';
import { costOf, wayOf } from './cost';

const { stats } = result({});

test.each([
  [{ method: 'exact', merge: 'threshold' }, 'exact, threshold algorithm'],
  [{ method: 'exact', merge: 'all' }, 'exact, full merge'],
  [{ method: 'exact', merge: '' }, 'exact'],
  [{ method: 'within 1 %', merge: 'new' }, 'within 1 %, new'],
])('%o', (way, want) => expect(wayOf(way)).toBe(want));

test('says what came from where, and nothing of what did not', () => {
  expect(costOf([result({ merge: 'all' }), result({ merge: 'all' })])).toEqual(['exact, full merge']);
  const costly = { ...stats, segments: 8, cachedSegments: 6, wireBytes: '12000', spilledBytes: '1000', seriesPoints: '90' };
  expect(costOf([result({ merge: 'threshold', stats: costly }), result({ stats: { ...stats, segments: 0 } })])).toEqual([
    'exact, threshold algorithm', 'exact', '6 of 8 segments cached', '90 sums of the series store', '12 kB between units', '1 kB through files',
  ]);
});
