import { expect, test } from 'vitest';
import { at } from '../../test/results';
import { allMissing, describeMissing, headline, type Coverage } from './coverage';

const gap = (unit: string, from: number, to: number) => ({ unit, from: at(from), to: at(to), reason: 'does not answer' });
const coverage = (change: Partial<Coverage>): Coverage => ({
  complete: false, unitsAsked: 3, unitsAnswered: 2, missing: [], answeredBySecondary: [], ...change,
});

test('answers a moment apart lack the same thing once', () => {
  const got = allMissing([coverage({ missing: [gap('b', 0, 30), gap('a', 0, 30)] }), coverage({ missing: [gap('b', 1, 31)] })]);
  expect(got).toEqual([gap('a', 0, 30), gap('b', 0, 31)]);
});

test('gaps that do not touch stay apart', () => {
  expect(allMissing([coverage({ missing: [gap('a', 0, 5), gap('a', 10, 20)] })])).toHaveLength(2);
});

test('words', () => {
  expect(describeMissing([gap('a', 0, 30), gap('b', 0, 30), gap('c', 0, 10)], 'UTC')).toBe(
    '2026-11-25 12:00:00 – 12:00:30: a (does not answer), b (does not answer); 2026-11-25 12:00:00 – 12:00:10: c (does not answer)',
  );
  expect(headline([coverage({})], false)).toBe('2 of 3 units answered in full. Totals are partial.');
  expect(headline([coverage({ complete: true, unitsAnswered: 3 })], false)).toBeUndefined();
  expect(headline([coverage({ complete: true, unitsAnswered: 3 }), coverage({})], true)).toMatch(/^Stopped early: 2 of 3/);
});
