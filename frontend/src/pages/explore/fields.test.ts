import { expect, test } from 'vitest';
import { columnLabel, offered } from './fields';

test.each([
  ['srcAddr', 'Source address'],
  ['dstAddr/20', 'Destination network /20'],
  ['addr/16', 'Network, either end /16'],
  ['bytes', 'Bytes'],
  ['unheard', 'unheard'],
])('%s is called %s', (name, want) => expect(columnLabel(name)).toBe(want));

test('only what the Master groups by is offered, and what is asked already', () => {
  const groups = offered(['srcAddr', 'dstAddr/20'], (field) => field === 'proto' || field === 'dstAddr');
  expect(groups.map((g) => [g.group, g.items.map((i) => i.value)])).toEqual([
    ['Address', ['srcAddr', 'dstAddr', 'dstAddr/24/48', 'dstAddr/16/32']],
    ['Service', ['proto']],
    ['Other', ['dstAddr/20']],
  ]);
});
