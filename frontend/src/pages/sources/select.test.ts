import { expect, test } from 'vitest';
import { sequence, source } from '../../test/sources';
import { addressKey } from './address';
import { exportersOf } from './exporters';
import { inOrder, nextSort, select, sorted, type Column, type Wanted } from './select';

const exporters = exportersOf(
  [
    source('192.0.2.10', { name: 'core-1', recordsPerSecond: 5 }),
    source('192.0.2.9', { protocols: ['sflow5'], sampling: { rate: '512', origin: 'sample', rates: ['512'], unscaled: '0' } }),
    source('2001:db8::1', { sourceGroupName: 'hq', unitName: 'hq', sequences: [sequence({ lost: '2000' })], recordsPerSecond: 900 }),
  ],
  Date.now(),
);

const everything: Wanted = { text: '', group: '', protocol: '', problems: false };
const addresses = (found: readonly { address: string }[]) => found.map((e) => e.address);

test.each<[Partial<Wanted>, string[]]>([
  [{}, ['192.0.2.10', '192.0.2.9', '2001:db8::1']],
  [{ text: 'CORE' }, ['192.0.2.10']],
  [{ text: '192.0.2 sflow' }, ['192.0.2.9']],
  [{ text: 'per sample' }, ['192.0.2.9']],
  [{ text: 'lost on the way' }, ['2001:db8::1']],
  [{ group: 'hq' }, ['2001:db8::1']],
  [{ protocol: 'ipfix' }, ['192.0.2.10', '2001:db8::1']],
  [{ problems: true }, ['2001:db8::1']],
  [{ text: 'nothing' }, []],
])('%o', (wanted, want) => expect(addresses(select(exporters, { ...everything, ...wanted }))).toEqual(want));

test.each<[Column, boolean, string[]]>([
  ['health', true, ['2001:db8::1', '192.0.2.10', '192.0.2.9']],
  ['exporter', false, ['192.0.2.9', '192.0.2.10', '2001:db8::1']],
  ['exporter', true, ['2001:db8::1', '192.0.2.10', '192.0.2.9']],
  ['name', false, ['192.0.2.10', '192.0.2.9', '2001:db8::1']],
  ['records', true, ['2001:db8::1', '192.0.2.9', '192.0.2.10']],
  ['loss', true, ['2001:db8::1', '192.0.2.9', '192.0.2.10']],
  ['sampling', true, ['192.0.2.9', '192.0.2.10', '2001:db8::1']],
])('sorted by %s, down %s', (column, down, want) => {
  const found = addresses(sorted(exporters, { column, down }));
  if (column === 'health' || column === 'loss') expect(found[0]).toBe(want[0]);
  else expect(found).toEqual(want);
});

test('a click sorts by what matters first, another turns it', () => {
  expect(nextSort({ column: 'health', down: true }, 'records')).toEqual({ column: 'records', down: true });
  expect(nextSort({ column: 'records', down: true }, 'records')).toEqual({ column: 'records', down: false });
  expect(nextSort({ column: 'records', down: true }, 'name')).toEqual({ column: 'name', down: false });
});

test('rows stay where they are, new ones come last', () => {
  const keys = inOrder(exporters, ['hq/2001:db8::1', 'gone', 'london/192.0.2.9']).map((e) => e.key);
  expect(keys).toEqual(['hq/2001:db8::1', 'london/192.0.2.9', 'london/192.0.2.10']);
});

test('addresses sort by value', () => {
  const given = ['2001:db8::10', '10.0.0.10', '::1', '2001:db8::2', '10.0.0.9', 'fe80::1:2'];
  const want = ['10.0.0.9', '10.0.0.10', '::1', '2001:db8::2', '2001:db8::10', 'fe80::1:2'];
  expect(given.sort((a, b) => (addressKey(a) < addressKey(b) ? -1 : 1))).toEqual(want);
});
