import { expect, test } from 'vitest';
import { ageText, draftOf, inputOf, mistakesIn, quotaText, readAge, readQuota } from './retention';

test.each([
  ['90 d', 7_776_000, '90 d'],
  ['36h', 129_600, '36 h'],
  ['2 w', 1_209_600, '14 d'],
  ['10 min', 600, '10 min'],
  ['301 s', 301, '301 s'],
])('an age of %s is %d s and reads %s', (text, seconds, want) => {
  expect(readAge(text)).toBe(seconds);
  expect(ageText(seconds)).toBe(want);
});

test.each([
  ['500 GB', '500000000000', '500 GB'],
  ['1.5TB', '1500000000000', '1500 GB'],
  ['512 MiB', '536870912', '512 MiB'],
  ['20000000000', '20000000000', '20 GB'],
  ['1001 b', '1001', '1001 B'],
  ['4 PiB', '4503599627370496', '4 PiB'],
])('a quota of %s is %s octets and reads %s', (text, octets, want) => {
  expect(readQuota(text)).toBe(octets);
  expect(quotaText(octets)).toBe(want);
});

test.each(['', 'much', '-1 GB', '5 XB', '1,5 GB'])('%j is no quota', (text) => expect(readQuota(text)).toBeUndefined());

test('what is not set stays empty', () => {
  expect(draftOf({ maxAgeSeconds: null, quotaBytes: null })).toEqual({ age: '', quota: '' });
  expect(inputOf({ age: '', quota: '' })).toEqual({ maxAgeSeconds: null, quotaBytes: null });
  expect(mistakesIn({ age: '', quota: '' })).toEqual({});
});

test('mistakes are told before the API is asked', () => {
  expect(Object.keys(mistakesIn({ age: 'long', quota: 'much' }))).toEqual(['age', 'quota']);
});
