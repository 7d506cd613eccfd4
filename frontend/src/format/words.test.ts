import { expect, test } from 'vitest';
import { hopOf, kindOf, protocolName, reasonOf } from './words';

test.each([
  ['store', 'records', 'Stored', 'records'],
  ['twin', 'packets', 'Copies of the twin', 'packets'],
  ['store', 'counter_samples', 'Interface counters', 'sFlow samples'],
  ['store', 'unread_records', 'Records not read', 'records within sFlow samples'],
  ['attic', 'records', 'attic', 'records'],
])('%s of %s is %s of %s', (hop, kind, stage, what) => {
  expect(hopOf(hop, kind).stage).toBe(stage);
  expect(kindOf(kind)).toBe(what);
});

test('what nobody has words for is told as it is', () => {
  expect(reasonOf('eaten_by_mice')).toEqual({ name: 'eaten by mice', help: '' });
  expect(protocolName('netflow12')).toBe('netflow12');
});
