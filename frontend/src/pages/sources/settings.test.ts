import { expect, test } from 'vitest';
import { ApiError } from '../../graphql/execute';
import { draftOf, isStale, mistakesIn, mistakesOf } from './settings';

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

test('the API tells which field is wrong', () => {
  const errors = [{ pointer: '/samplingRate', detail: 'too many' }, { pointer: '', detail: 'and more' }];
  expect(mistakesOf(new ApiError('x', 'VALIDATION', { errors }))).toEqual({ rate: 'too many', whole: 'and more' });
  expect(mistakesOf(new ApiError('the Master does not answer', 'UNREACHABLE'))).toEqual({ whole: 'the Master does not answer' });
});

test('a taken name is a mistake, a newer revision is not', () => {
  const taken = new ApiError('x', 'CONFLICT', { errors: [{ pointer: '/name', detail: 'taken' }] });
  expect([isStale(taken), isStale(new ApiError('changed', 'CONFLICT'))]).toEqual([false, true]);
});
