import { expect, test } from 'vitest';
import { keepReports, ratesOf, typeName, type Detail, type Interface } from './interfaces';

const at = (s: number) => new Date(Date.UTC(2026, 10, 25, 12, 0, s)).toISOString();

const reported = (seen: string | null, inOctets: string, outOctets = '0'): Interface => ({
  index: '7', type: '6', speed: '1000000000', isUp: true, inOctets, outOctets, inPackets: '0', outPackets: '0', inDropped: '0', outDropped: '0', seen,
});

const detail = (i: Interface): Detail => ({ id: 's', templates: { known: [] }, interfaces: [i] });

const after = (...reports: Interface[]) => reports.reduce((known, i) => keepReports(known, [detail(i)]), keepReports(undefined, []))['s 7'];

test.each([
  ['one report tells no rate', [reported(at(0), '1000')], undefined],
  ['asking again tells no more', [reported(at(0), '1000'), reported(at(0), '1000')], undefined],
  ['two reports tell one', [reported(at(0), '1000', '0'), reported(at(20), '3500', '250')], { inBits: 1000, outBits: 100 }],
  ['it stays until the next', [reported(at(0), '1000'), reported(at(20), '3500'), reported(at(20), '3500')], { inBits: 1000, outBits: 0 }],
  ['counters beyond 2^53 are exact', [reported(at(0), '18446744073709551000'), reported(at(1), '18446744073709551001')], { inBits: 8, outBits: 0 }],
  ['an exporter that restarts has none', [reported(at(0), '9000'), reported(at(20), '10')], undefined],
])('%s', (_, reports, want) => {
  const known = after(...reports);
  expect(known && ratesOf(known)).toEqual(want);
});

test('kinds are told by name', () => expect(['6', '999'].map(typeName)).toEqual(['Ethernet', 'type 999']));
