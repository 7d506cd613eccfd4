import { expect, test } from 'vitest';
import { demo, unit } from '../../test/topologies';
import { describeSource, reasonsOf, sections, summarize, troubles } from './sections';

test('every unit stands once, where it works', () => {
  const topology = demo((units) => [...units, unit('spare', 'slave', { state: 'expected' })]);
  const got = sections(topology).map((s) => [s.key, s.places.map((p) => p.unit.name)]);
  expect(got).toEqual([
    ['masters', ['master']],
    ['s-hq', ['hq']],
    ['s-london', ['london-proxy', 'london-slave-1', 'london-slave-2']],
    ['idle', ['spare']],
  ]);
});

test('a proxy group without source group is idle', () => {
  const topology = demo();
  const [, london] = topology.proxyGroups;
  if (london) london.sourceGroup = null;
  const idle = sections(topology).find((s) => s.kind === 'idle');
  expect(idle?.places.map((p) => p.unit.name)).toEqual(['london-proxy', 'london-slave-1', 'london-slave-2']);
});

test('what is received is counted at the edge, what is stored where it lies', () => {
  const got = summarize(demo());
  expect(got).toMatchObject({ units: 5, active: 5, received: 6000, stored: 9000, rows: 90_000, behind: 0 });
});

test('reasons are said once', () => {
  const checks = [
    { name: 'slaves', ok: false, reason: 'no Slave is up' },
    { name: 'disk', ok: false, reason: '' },
    { name: 'control', ok: true, reason: '' },
  ];
  expect(reasonsOf(unit('p', 'proxy', { reason: 'slaves: no Slave is up', checks }))).toEqual(['slaves: no Slave is up', 'disk: fails']);
});

test('troubles name a reason for one unit and the units of many', () => {
  const lost = unit('s', 'slave', { state: 'lost', reason: 'silent' });
  expect(troubles([unit('a', 'slave')])).toBeUndefined();
  expect(troubles([lost])).toBe('s is lost (silent)');
  expect(troubles([lost, unit('p', 'proxy', { state: 'degraded' })])).toBe('2 units are in trouble. Lost: s; degraded: p');
});

test('describeSource', () => {
  expect(describeSource(demo().sourceGroups[1] as never)).toBe('round-robin, delivery tls, UDP 2055, 4739');
});
