import { expect, test } from 'vitest';
import { sequence, source } from '../../test/sources';
import { problemsOf, worst } from './problems';
import type { Source } from './source';

const now = Date.UTC(2026, 10, 25, 12);
const ago = (minutes: number) => now - minutes * 60_000;

const found = (change: Partial<Source>, lastSeen = now) => problemsOf([source('192.0.2.1', change)], lastSeen, now).map((p) => `${p.tone}: ${p.text}`);

test.each<[string, Partial<Source>, number, string[]]>([
  ['a healthy exporter', {}, now, []],
  ['a short silence', {}, ago(1), []],
  ['a silence', {}, ago(3), ['warn: silent for 3 min']],
  ['a long silence', {}, ago(60), ['bad: silent for 1 h']],
  ['one that is only remembered', { isRemembered: true }, ago(1), ['warn: has sent nothing since london-proxy started']],
  ['a blip', { sequences: [sequence({ lost: '1' })] }, now, []],
  ['some loss', { lostPerSecond: 1, sequences: [sequence({ lost: '100' })] }, now, ['warn: 0.5 % of IPFIX records lost on the way to london-proxy']],
  ['much loss', { lostPerSecond: 9, sequences: [sequence({ lost: '2000' })] }, now, ['bad: 10.0 % of IPFIX records lost on the way to london-proxy']],
  ['loss that is over', { sequences: [sequence({ lost: '2000' })] }, now, ['warn: 10.0 % of IPFIX records lost on the way to london-proxy; none in the last 5 minutes']],
  ['a clock', { clock: { skewMs: '-120000', isSkewed: true, skewedPackets: '9' } }, now, ['warn: the clock is off by 2 min']],
  ['several exporters', { templates: { count: 2, isFlapping: true, changes: '9' } }, now, ['bad: templates change to and fro: several exporters behind one address']],
  ['no rate', { sampling: { rate: '0', origin: 'unknown', rates: [], unscaled: '7' } }, now, ['warn: the sampling rate is unknown']],
  ['a rate that came late', { sampling: { rate: '10', origin: 'options', rates: ['10'], unscaled: '7' } }, now, ['warn: the sampling rate of 7 earlier records is unknown']],
])('%s', (_, change, lastSeen, want) => expect(found(change, lastSeen)).toEqual(want));

test('drops of one reason at several units are one problem', () => {
  const drop = (unitName: string) => ({ unitName, hop: 'store', kind: 'records', reason: 'unknown_template', count: '10' });
  const drops = [drop('london-slave-1'), drop('london-slave-2')];
  expect(found({ drops, droppedPerSecond: 1 })).toEqual(['warn: 20 records dropped at london-slave-1, london-slave-2: unknown template']);
  expect(found({ drops, records: '100', droppedPerSecond: 1 })).toEqual([expect.stringMatching(/^bad: 20 records/)]);
  expect(found({ drops, records: '100' })).toEqual([expect.stringMatching(/^warn: 20 records.*; none in the last 5 minutes$/)]);
});

test('the worst comes first and gives its tone', () => {
  const problems = problemsOf([source('192.0.2.1', { clock: { skewMs: '90000', isSkewed: true, skewedPackets: '1' }, templates: { count: 1, isFlapping: true, changes: '2' } })], now, now);
  expect(problems.map((p) => p.tone)).toEqual(['bad', 'warn']);
  expect(worst(problems)).toBe('bad');
  expect(worst([])).toBe('ok');
});

test('a domain is named where there are several', () => {
  const lossy = source('192.0.2.1', { domain: '7', sequences: [sequence({ lost: '2000' })] });
  expect(problemsOf([source('192.0.2.1'), lossy], now, now)[0]?.text).toContain('london-proxy, domain 7');
});
