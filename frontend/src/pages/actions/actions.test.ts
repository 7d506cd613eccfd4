import { expect, test } from 'vitest';
import { action, unitAction } from '../../test/actions';
import { followed, select, waiting } from './actions';

const failed = unitAction('s2', { state: 'failed', message: 'port in use' });
const actions = [
  action({ revision: '8', state: 'failed', units: [unitAction('s1'), failed, unitAction('a', { state: 'pending' })] }),
  action({ revision: '7', actor: 'bob', summary: 'create unit s2' }),
];

test('every word is looked for, in the units and their messages too', () => {
  const found = (text: string, open = false) => select(actions, { text, open }).map((a) => a.revision);
  expect(found('')).toEqual(['8', '7']);
  expect(found('PORT s2')).toEqual(['8']);
  expect(found('bob create')).toEqual(['7']);
  expect(found('', true)).toEqual(['8']);
  expect(found('bob', true)).toEqual([]);
});

test('units that have not followed come with the failed ones first', () => {
  expect(waiting(actions[0] as never).map((u) => u.name)).toEqual(['s2', 'a']);
  expect(actions.map(followed)).toEqual(['1 of 3 units', '1 unit']);
  expect(followed(action({ units: [unitAction('a'), unitAction('b')] }))).toBe('all 2 units');
  expect(followed(action({ units: [] }))).toBe('no unit concerned');
});
