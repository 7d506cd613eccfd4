import { describe, expect, test } from 'vitest';
import { sequence, source } from '../../test/sources';
import { exportersOf, keyOf } from './exporters';
import type { Source } from './source';

const only = (...sources: Source[]) => {
  const [first, ...rest] = exportersOf(sources, Date.now());
  expect(rest).toEqual([]);
  if (!first) throw new Error('no exporter');
  return first;
};

test('an exporter is an address in a source group', () => {
  const hq = source('192.0.2.1', { sourceGroupName: 'hq', unitName: 'hq' });
  const found = exportersOf([source('192.0.2.1'), hq, source('192.0.2.2')], Date.now());
  expect(found.map((e) => e.key)).toEqual(['london/192.0.2.1', 'hq/192.0.2.1', 'london/192.0.2.2']);
  expect(keyOf({ exporter: '192.0.2.1', sourceGroupName: '' })).toBe('192.0.2.1');
});

test('domains add up', () => {
  const e = only(source('192.0.2.1'), source('192.0.2.1', { domain: '7', recordsPerSecond: 20, templates: { count: 3, isFlapping: false, changes: '0' } }));
  expect(e).toMatchObject({ recordsPerSecond: 120, packetsPerSecond: 10, templates: { count: 5 } });
  expect(e.leading).toHaveLength(2);
});

test('two units that hold the same flows do not', () => {
  const second = source('192.0.2.1', { unitName: 'london-proxy-2', recordsPerSecond: 90 });
  const e = only(second, source('192.0.2.1'));
  expect(e.recordsPerSecond).toBe(100);
  expect(e.leading.map((s) => s.unitName)).toEqual(['london-proxy']);
  expect(e.sources).toHaveLength(2);
});

test('two ports that are told apart add up', () => {
  const e = only(source('192.0.2.1', { port: 40_000 }), source('192.0.2.1', { id: 'other', port: 40_001, recordsPerSecond: 20 }));
  expect(e.recordsPerSecond).toBe(120);
});

describe('sampling', () => {
  test('a domain of unknown rate shows', () => {
    const silent = source('192.0.2.1', { domain: '2', recordsPerSecond: 1, sampling: { rate: '0', origin: 'unknown', rates: ['0'], unscaled: '9' } });
    expect(only(source('192.0.2.1'), silent).sampling).toEqual({ rate: '0', origin: 'unknown', rates: ['100', '0'], unscaled: '9' });
  });

  test('without records nobody has told anything', () => {
    const none = source('192.0.2.1', { sampling: { rate: '0', origin: '', rates: [], unscaled: '0' } });
    expect(only(none).sampling.origin).toBe('');
  });
});

test('the worst sequence and the worst clock speak', () => {
  const e = only(
    source('192.0.2.1', { sequences: [sequence({}), sequence({ unit: 'packets', expected: '100', lost: '3' })] }),
    source('192.0.2.1', { domain: '2', clock: { skewMs: '3000', isSkewed: false, skewedPackets: '0' } }),
  );
  expect(e.loss?.unit).toBe('packets');
  expect(e.clock?.skewMs).toBe('3000');
  expect(only(source('192.0.2.1', { protocols: ['sflow5'] })).clock).toBeUndefined();
});

test('packets are dropped once per exporter, records per domain', () => {
  const drop = (kind: string, count: string) => ({ unitName: 'london-proxy', hop: 'receive', kind, reason: 'malformed', count });
  const e = only(
    source('192.0.2.1', { drops: [drop('packets', '5'), drop('records', '1')] }),
    source('192.0.2.1', { domain: '2', drops: [drop('packets', '5'), drop('records', '2')] }),
  );
  expect(e.drops.map((d) => [d.kind, d.count])).toEqual([['packets', '5'], ['records', '3']]);
  expect(e.dropped).toBe(8);
});
