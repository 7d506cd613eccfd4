import { expect, test } from 'vitest';
import { at, result, start } from '../../test/results';
import { lines, lineStats } from './lines';

const grouped = result({
  columns: [
    { name: 'time', kind: 'time' },
    { name: 'dstPort', kind: 'number' },
    { name: 'bytes', kind: 'counter' },
  ],
  rows: [
    [at(0), 53, '100'],
    [at(10), 443, '1000'],
    [at(20), 443, '2000'],
  ],
});

test('lines share one axis, the greatest first, gaps are zero', () => {
  const got = lines(grouped, 'bytes');
  expect(got.times).toEqual([start, start + 10_000, start + 20_000]);
  expect(got.lines.map((l) => [l.name, l.values])).toEqual([
    ['443 https', [0, 800, 1600]],
    ['53 dns', [80, 0, 0]],
  ]);
  expect(got.lines[0]?.sum).toBe(3000);
});

test('what is in no line is other', () => {
  const got = lines({ ...grouped, others: [[at(10), '2000'], [at(20), null]] }, 'bytes');
  expect(got.lines.map((l) => l.name)).toEqual(['443 https', '53 dns', 'other']);
  expect(got.lines[2]?.values).toEqual([0, 1600, 0]);
});

test('no other where nothing is left, or all flows are one line', () => {
  expect(lines({ ...grouped, others: [[at(10), '0']] }, 'bytes').lines.map((l) => l.name)).toEqual(['443 https', '53 dns']);
  expect(lines(result({ rows: [[at(0), '50']] }), 'bytes').lines.map((l) => l.name)).toEqual(['all flows']);
});

test('a total without groups is one line', () => {
  const got = lines(result({ rows: [[at(10), '50']] }), 'bytes');
  expect(got.lines.map((l) => [l.name, l.values])).toEqual([['all flows', [0, 40, 0]]]);
});

test('a step that has hardly begun is left out', () => {
  const got = lines(result({ to: at(24), rows: [[at(0), '50'], [at(20), '50']] }), 'bytes');
  expect(got.times).toEqual([start, start + 10_000]);
});

test('the ends of the range may cut steps: rates use what is left of them', () => {
  const got = lines(result({ from: at(5), to: at(25), rows: [[at(0), '50'], [at(20), '50']] }), 'bytes');
  expect(got.lines[0]?.values).toEqual([80, 0, 80]);
});

test('no rows make an axis and no lines', () => {
  const got = lines(result({}), 'bytes');
  expect(got.lines).toEqual([]);
  expect(got.times).toHaveLength(3);
});

test('statistics', () => {
  expect(lineStats([1, 2, 3, 4])).toEqual({ min: 1, max: 4, mean: 2.5, p95: 4, last: 4 });
  expect(lineStats([]).max).toBe(0);
});
