import { expect, test } from 'vitest';
import { joined, maxRecords, nextPage } from './pages';

const column = (name: string) => ({ name, kind: 'x' });

test('rows of pages stand under the columns of all of them', () => {
  const first = { columns: ['time', 'proto'].map(column), rows: [['t1', 6]] };
  const second = { columns: ['time', 'srcVlan', 'proto'].map(column), rows: [['t2', 10, 17]] };
  const all = joined([first, second]);
  expect(all.columns.map((c) => c.name)).toEqual(['time', 'proto', 'srcVlan']);
  expect(all.rows).toEqual([['t1', 6, null], ['t2', 17, 10]]);
});

test('one page is itself', () => {
  const page = { columns: [column('time')], rows: [['t']] };
  expect(joined([page])).toEqual(page);
});

test('the next page goes on at the cursor, until the last or enough', () => {
  const input = { kind: 'flows' as const, filter: 'any' };
  expect(nextPage(input, { next: 'c2' }, 1000)).toEqual({ ...input, cursor: 'c2' });
  expect(nextPage(input, { next: '' }, 1000)).toBeUndefined();
  expect(nextPage(input, { next: 'c2' }, maxRecords)).toBeUndefined();
});
