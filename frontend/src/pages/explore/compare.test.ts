import { expect, test } from 'vitest';
import { changeOf, compares, lineBefore, rangeBefore, shiftOf } from './compare';
import type { Line, Lines } from './lines';

const now = Date.UTC(2026, 10, 25, 12);
const line = (values: number[]): Line => ({ key: '[]', name: 'all', group: [], other: false, values, sum: values.reduce((a, b) => a + b, 0) });
const lines = (from: number, values: number[], step = 10_000): Lines => ({
  columns: [], times: values.map((_, i) => from + i * step), step, from, to: from + values.length * step, lines: [line(values)],
});

test('how much earlier', () => {
  const range = { from: 'now-15m', to: 'now' };
  expect(compares.map((c) => shiftOf(c, range, now))).toEqual([0, 900_000, 3_600_000, 86_400_000, 604_800_000]);
  expect(rangeBefore('nothing', range, now)).toBeUndefined();
  expect(rangeBefore('range', range, now)).toEqual({ from: 'now-30m', to: 'now-15m' });
});

test('the line before lies under the present steps', () => {
  const before = lineBefore(lines(now, [1, 2, 3]), lines(now - 86_400_000, [7, 8, 9]), 'day');
  expect(before).toMatchObject({ name: 'a day before', values: [7, 8, 9], sum: 24 });
});

test('a step that the time before lacks is nothing', () => {
  expect(lineBefore(lines(now, [1, 2, 3]), lines(now - 3_600_000, [7]), 'hour').values).toEqual([7, 0, 0]);
  expect(lineBefore(lines(now, [1]), { ...lines(now - 3_600_000, []), lines: [] }, 'hour').values).toEqual([0]);
});

test('the change of the whole', () => {
  expect(changeOf(lines(now, [2, 2]), line([1, 1]))).toBe('+100.0 %');
  expect(changeOf(lines(now, [1]), line([4]))).toBe('−75.0 %');
  expect(changeOf(lines(now, [1]), line([0]))).toBeUndefined();
});
