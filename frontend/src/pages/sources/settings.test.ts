import { expect, test } from 'vitest';
import { draftOf, mistakesIn } from './settings';

test('what is set is what is typed', () => {
  expect(draftOf({ name: 'core-1', samplingRate: 100, revision: '3' })).toEqual({ name: 'core-1', rate: '100' });
  expect(draftOf({ name: '', samplingRate: null, revision: '0' })).toEqual({ name: '', rate: '' });
});

test.each([
  ['core-1', '', []],
  ['', '1000000000', []],
  ['-core', '', ['name']],
  ['a b', '0', ['name', 'rate']],
  ['a'.repeat(64), '1.5', ['name', 'rate']],
  ['', '1000000001', ['rate']],
])('%s sampled 1 in %s', (name, rate, want) => expect(Object.keys(mistakesIn({ name, rate }))).toEqual(want));
