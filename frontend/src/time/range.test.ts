import { describe, expect, test } from 'vitest';
import { bounds, chartStep, earlier, endsNow, fixed, presetLabel, problem, rangeJson, readRange, resolve, seconds, shift, zoom } from './range';

const now = Date.UTC(2026, 10, 25, 12);
const hour = 3_600_000;

describe('resolve', () => {
  test.each([
    ['now', now],
    ['now-15m', now - 900_000],
    [' now - 2d ', now - 2 * 86_400_000],
    ['2026-11-25T11:00:00Z', now - hour],
    ['yesterday', undefined],
    ['now-1h30m', now - 1.5 * hour],
    ['now+1h', now + hour],
    ['now-', undefined],
    ['now-1y', undefined],
  ])('%s', (end, want) => expect(resolve(end, now)).toBe(want));
});

test('a range that means nothing says why and falls back', () => {
  expect(problem({ from: 'x', to: 'now' }, now)).toMatch(/start/);
  expect(problem({ from: 'now-1h', to: 'x' }, now)).toMatch(/end/);
  expect(problem({ from: 'now', to: 'now-1h' }, now)).toMatch(/not before/);
  expect(problem({ from: 'now-1h', to: 'now' }, now)).toBeUndefined();
  expect(bounds({ from: 'x', to: 'now' }, now)).toEqual([now - 900_000, now]);
});

test('shift moves both ends by half', () => {
  expect(shift({ from: 'now-1h', to: 'now' }, -1, now)).toEqual(fixed(now - 1.5 * hour, now - hour / 2));
});

test('zoom doubles, and does not look past now', () => {
  expect(zoom({ from: 'now-1h', to: 'now' }, 'out', now)).toEqual(fixed(now - 2 * hour, now));
  expect(zoom({ from: 'now-1h', to: 'now' }, 'in', now)).toEqual(fixed(now - 0.75 * hour, now - 0.25 * hour));
});

test('an earlier range stays relative', () => {
  const day = 24 * hour;
  expect(earlier({ from: 'now-15m', to: 'now' }, day, now)).toEqual({ from: 'now-1455m', to: 'now-1d' });
  expect(earlier({ from: 'now-1h', to: 'now' }, hour, now)).toEqual({ from: 'now-2h', to: 'now-1h' });
  expect(earlier({ from: 'now-3d', to: 'now+1d' }, day, now)).toEqual({ from: 'now-4d', to: 'now' });
  expect(earlier(fixed(now - hour, now), 7 * day, now)).toEqual(fixed(now - hour - 7 * day, now - 7 * day));
});

test('a range is pasted as it was copied, here or elsewhere', () => {
  const range = { from: 'now-1h', to: 'now' };
  expect(readRange(rangeJson(range), now)).toEqual(range);
  expect(readRange('now-1h to now', now)).toEqual(range);
  expect(readRange('2026-11-25T10:00:00Z to 2026-11-25T11:00:00Z', now)).toEqual({ from: '2026-11-25T10:00:00Z', to: '2026-11-25T11:00:00Z' });
  for (const text of ['', 'hello', '{"from":1,"to":2}', 'null', 'now to now-1h']) expect(readRange(text, now)).toBeUndefined();
});

test('steps are round and bound the number of points', () => {
  expect(chartStep(now - 900_000, now)).toBe(10);
  expect(chartStep(now - hour, now)).toBe(30);
  expect(chartStep(now - 24 * hour, now)).toBe(900);
  expect(chartStep(now - 10_000 * hour, now)).toBe(86_400);
});

test('durations of the API', () => {
  expect(seconds('1h0m30s')).toBe(3630);
  expect(seconds('500ms')).toBe(0.5);
  expect(seconds('')).toBe(0);
});

test('labels and auto refresh', () => {
  expect(presetLabel({ from: 'now-1h', to: 'now' })).toBe('Last hour');
  expect(presetLabel(fixed(now - hour, now))).toBeUndefined();
  expect(endsNow({ from: 'now-1h', to: 'now' })).toBe(true);
  expect(endsNow(fixed(now - hour, now))).toBe(false);
});
