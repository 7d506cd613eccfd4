import { describe, expect, test } from 'vitest';
import { books as given, entry, unitLedger } from '../../test/sources';
import {
  balanceOf, deliveriesOf, inFlowOrder, keepBooks, keepGaps, lastingGap, lossesOf, selectUnits, settleMs, startsOf, totalsOf, unitsOf, type Gaps, type UnitLedger,
} from './ledger';

const started = startsOf(given());
const kept = (units: UnitLedger[]) => keepBooks(undefined, units, started, 0);

test('units stand in the order of the way', () => {
  expect(inFlowOrder(given().ledger).map((u) => u.name)).toEqual(['london-proxy', 'london-slave-1', 'london-slave-2']);
});

test('accounts are found by unit and reason, or by what was lost', () => {
  const lossy = unitLedger('paris-proxy', [entry('receive', 'packets', 9, { kept: '8', dropped: [{ reason: 'queue_full', count: '1' }] })]);
  const silent = unitLedger('rome', [], { error: 'does not answer' });
  const books = kept([...given().ledger, lossy, silent]);
  const names = (text: string, problems = false) => selectUnits(books, { text, problems }).map((u) => u.name);
  expect(names('slave LONDON')).toEqual(['london-slave-1', 'london-slave-2']);
  expect(names('queue full')).toEqual(['paris-proxy']);
  expect(names('', true)).toEqual(['paris-proxy', 'rome']);
});

test('the whole is received at the edge and stored at the end', () => {
  const { ledger } = given();
  expect(totalsOf(kept(ledger))).toEqual({
    packets: 100, records: 1000, stored: 1000, droppedPackets: 0, droppedRecords: 0, underWay: 0, unexplained: 0,
  });
});

describe('what is neither kept nor dropped', () => {
  const open = entry('store', 'records', 1000, { kept: '990', missing: '10' });
  const unit = (e = open) => unitLedger('s', [e]);

  test('is under way at first', () => {
    expect(balanceOf(kept([unit()]), 'id-s', open)).toEqual({ underWay: 10, unexplained: 0 });
  });

  test('is not accounted for when it was received more than a minute ago', () => {
    const later = entry('store', 'records', 1004, { kept: '990', missing: '14' });
    const now = keepBooks(kept([unit()]), [unit(later)], started, settleMs);
    expect(balanceOf(now, 'id-s', later)).toEqual({ underWay: 4, unexplained: 10 });
  });

  test('is well when others have come instead', () => {
    const later = entry('store', 'records', 5000, { kept: '4990', missing: '10' });
    const now = keepBooks(kept([unit()]), [unit(later)], started, settleMs + 5);
    expect(balanceOf(now, 'id-s', later)).toEqual({ underWay: 10, unexplained: 0 });
  });

  test('is accounted for twice when negative', () => {
    const twice = entry('store', 'records', 10, { kept: '12', missing: '-2' });
    expect(balanceOf(kept([unit(twice)]), 'id-s', twice)).toEqual({ underWay: 0, unexplained: -2 });
  });
});

test('no more of the past is kept than a minute', () => {
  let now = kept([]);
  for (let at = 0; at <= 10 * settleMs; at += 5000) now = keepBooks(now, [], started, at);
  expect(now.past.length).toBeLessThanOrEqual(settleMs / 5000 + 1);
  expect(now.past.at(-1)?.at).toBe(9 * settleMs);
});

test('losses of one reason are told together, the greatest first', () => {
  const drop = (reason: string, count: string) => ({ dropped: [{ reason, count }] });
  const units = [
    unitLedger('p', [entry('receive', 'packets', 9, drop('malformed', '2')), entry('distribute', 'records', 9, drop('no_slave', '5'))]),
    unitLedger('s', [entry('receive', 'packets', 9, drop('malformed', '4'))]),
  ];
  expect(lossesOf(units)).toEqual([
    { reason: 'malformed', kind: 'packets', count: 6, where: [{ name: 's', hop: 'receive', count: 4 }, { name: 'p', hop: 'receive', count: 2 }] },
    { reason: 'no_slave', kind: 'records', count: 5, where: [{ name: 'p', hop: 'distribute', count: 5 }] },
  ]);
});

describe('what a Proxy sent', () => {
  const proxy = (units: readonly UnitLedger[]) => units.find((u) => u.name === 'london-proxy') as UnitLedger;

  test('is compared with what arrived', () => {
    const { ledger } = given();
    expect(deliveriesOf(kept(ledger), proxy(ledger))).toEqual([
      { name: 'london-slave-1', sent: 60, arrived: 60, dropped: [] },
      { name: 'london-slave-2', sent: 60, arrived: 60, dropped: [] },
    ]);
  });

  test('is not compared when a Slave counts since another start', () => {
    const { ledger } = given();
    const other = keepBooks(undefined, ledger, { ...started, 'id-london-slave-1': 0 }, 0);
    expect(deliveriesOf(other, proxy(ledger))[0]?.arrived).toBeUndefined();
  });
});

describe('what Slaves lack of an exporter', () => {
  const over = (records: number[]) => records.reduce<Gaps>((gaps, n, i) => keepGaps(gaps, n, (i * settleMs) / 4), []);

  test.each([
    ['too soon to say', [900, 900], 0],
    ['lost for a minute', [900, 950, 900, 910, 920], 900],
    ['no more than what passes', [400, 450, 480, 460, 400], 0],
    ['arrived after all', [900, 900, 900, 900, 0], 0],
    ['more than was sent: a Proxy was restarted', [-2000, -2100, -2000, -2000, -2050], -2000],
    ['counted at other moments', [6, -6, 6, -6, 6], 0],
  ])('%s', (_, records, want) => expect(lastingGap(over(records), 100)).toBe(want));

  test('no more of it is kept than a minute', () => expect(over(Array<number>(40).fill(900)).length).toBeLessThanOrEqual(5));
});

test('the account of one exporter is one of units', () => {
  const account = (unitName: string, hop: string, received: string) => ({
    unit: `id-${unitName}`, unitName, hop, kind: 'records', received, kept: received, split: '0', missing: '0', dropped: [],
  });
  const units = unitsOf({
    flowSource: '192.0.2.1@g', exporter: '192.0.2.1', sourceGroupName: 'london', isBalanced: true, underway: '0',
    accounts: [account('p', 'distribute', '10'), account('s', 'store', '10')],
    sent: [{ unit: 'id-p', slave: 'id-s', slaveName: 's', records: '10' }],
  });
  expect(units.map((u) => [u.name, u.entries.length, u.sent.length])).toEqual([['p', 1, 1], ['s', 1, 0]]);
});
