import { expect, test } from 'vitest';
import { directionOf, nextSort } from './sort';

test.each([
  ['time', 'time', 'ascending'],
  ['-time', 'time', 'descending'],
  ['bytes', 'bytes', 'descending'],
  ['-bytes', 'bytes', 'ascending'],
  ['bytes', 'time', undefined],
])('%s sorts %s %s', (sort, column, want) => expect(directionOf(sort, column)).toBe(want));

test('a click sorts by the greatest, another by the least', () => {
  expect(nextSort('-time', 'bytes')).toBe('bytes');
  expect(nextSort('bytes', 'bytes')).toBe('-bytes');
  expect(nextSort('-bytes', 'bytes')).toBe('bytes');
  expect(nextSort('-time', 'time')).toBe('time');
  expect(nextSort('bytes', 'time')).toBe('-time');
});
