import { expect, test } from 'vitest';
import { counterText, fieldOf, groupName, tcpFlags, valueHint, valueText } from './values';

test('TCP flags', () => {
  expect(tcpFlags(0)).toBe('........');
  expect(tcpFlags(0x12)).toBe('...A..S.');
  expect(tcpFlags(0xff)).toBe('CEUAPRSF');
});

test('values that have names', () => {
  expect(valueText('proto', 6)).toBe('TCP');
  expect(valueText('proto', 253)).toBe('253');
  expect(valueText('version', 105)).toBe('sFlow v5');
  expect(valueText('direction', 1)).toBe('egress');
  expect(valueText('dstPort', 443)).toBe('443');
  expect(valueHint('dstPort', 443)).toBe('https');
  expect(valueHint('dstAs', 443)).toBeUndefined();
});

test('values that are missing', () => {
  expect(valueText('srcAddr', null)).toBe('–');
  expect(counterText('bytes', null)).toBe('–');
});

test('times of records show milliseconds', () => {
  expect(valueText('first', '2026-11-25T10:00:00.25Z')).toBe('2026-11-25 10:00:00.250');
  expect(valueText('first', 'x')).toBe('x');
});

test('counters', () => {
  expect(counterText('bytes', '1500')).toBe('1.50 kB');
  expect(counterText('packets', '18446744073709551615')).toBe('18,446,744,073,709,551,615');
});

test('groups of several fields', () => {
  expect(fieldOf('srcAddr/24')).toBe('srcAddr');
  expect(groupName(['srcAddr/24', 'dstPort'], ['10.1.2.0', 53])).toBe('10.1.2.0 · 53 dns');
});
