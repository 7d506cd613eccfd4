import { describe, expect, test } from 'vitest';
import { count, exact, percent, perSecond, rate, si, volume } from './numbers';

describe('si', () => {
  test.each([
    [0, '', '0'],
    [7, '', '7'],
    [7, 'pkt/s', '7 pkt/s'],
    [0.004, 'bit/s', '<0.01 bit/s'],
    [0.25, 'bit/s', '0.25 bit/s'],
    [12.34, '', '12.3'],
    [999.4, '', '999'],
    [999.6, '', '1.00 k'],
    [1000, 'bit/s', '1 kbit/s'],
    [1_234_567, 'bit/s', '1.23 Mbit/s'],
    [123_456_789_000, 'B', '123 GB'],
    [2e18, 'B', '2 EB'],
    [5e21, 'B', '5000 EB'],
    [Number.NaN, 'B', '–'],
  ])('%d %s is %s', (value, unit, want) => expect(si(value, unit)).toBe(want));
});

test('octets become bits in rates and stay octets in volumes', () => {
  expect(rate('bytes', perSecond('bytes', 1_000_000, 10))).toBe('800 kbit/s');
  expect(rate('packets', perSecond('packets', 1_000, 10))).toBe('100 pkt/s');
  expect(volume('bytes', 1_500_000)).toBe('1.50 MB');
  expect(volume('flows', 12)).toBe('12');
  expect(perSecond('bytes', 1, 0)).toBe(0);
});

test('counters beyond 2^53 keep every digit', () => {
  expect(exact('18446744073709551615')).toBe('18,446,744,073,709,551,615');
  expect(exact(1234)).toBe('1,234');
  expect(exact('n/a')).toBe('n/a');
});

test('shares', () => {
  expect(percent(1, 3)).toBe('33.3 %');
  expect(percent(3, 3)).toBe('100 %');
  expect(percent(1, 100_000)).toBe('<0.1 %');
  expect(percent(1, 0)).toBe('–');
});

test('count', () => {
  expect(count(1, 'unit')).toBe('1 unit');
  expect(count(2000, 'row')).toBe('2,000 rows');
});
