import { expect, test } from 'vitest';
import { shares, stack } from './stack';

test('stack', () => {
  expect(stack([[1, 2], [10, 20], [100, 200]])).toEqual([[1, 2], [11, 22], [111, 222]]);
  expect(stack([])).toEqual([]);
});

test('shares', () => {
  expect(shares([[1, 0], [3, 0]])).toEqual([[25, 0], [75, 0]]);
  expect(shares([])).toEqual([]);
});
