import { expect, test } from 'vitest';
import { ApiError } from '../graphql/execute';
import { isStale, mistakesOf } from './mistakes';

const fieldOf = (pointer: string) => (pointer === '/samplingRate' ? 'rate' : undefined);

test('the API tells which field is wrong', () => {
  const errors = [{ pointer: '/samplingRate', detail: 'too many' }, { pointer: '', detail: 'and more' }];
  expect(mistakesOf(new ApiError('x', 'VALIDATION', { errors }), fieldOf)).toEqual({ rate: 'too many', whole: 'and more' });
  expect(mistakesOf(new ApiError('the Master does not answer', 'UNREACHABLE'), fieldOf)).toEqual({ whole: 'the Master does not answer' });
});

test('a taken name is a mistake, a newer revision is not', () => {
  const taken = new ApiError('x', 'CONFLICT', { errors: [{ pointer: '/name', detail: 'taken' }] });
  const changed = new ApiError('changed', 'CONFLICT');
  expect([isStale(taken), isStale(changed)]).toEqual([false, true]);
  expect(mistakesOf(changed, fieldOf).whole).toMatch(/Someone else/);
});
