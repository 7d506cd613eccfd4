import { expect, test } from 'vitest';
import { draftOf, emptyDraft, fieldOf, filterOf, inputOf, mistakesIn, senderOf, type Target } from './target';

const target: Target = {
  name: 'siem', address: '192.0.2.9:2055', source: 'own', exporters: ['10.0.0.0/8', '192.0.2.1'], ports: [2055], domains: ['7'],
  versions: ['netflow9', 'ipfix'], proxyGroup: 'g1', forwardedBy: 'all',
};

test('a target survives the form', () => expect(inputOf(draftOf(target))).toEqual(target));

test('lists may be typed with blanks and commas; nothing is everything', () => {
  const typed = inputOf({ ...emptyDraft, name: ' a ', address: '192.0.2.9:1', ports: '2055 4739,', exporters: '' });
  expect(typed).toMatchObject({ name: 'a', ports: [2055, 4739], exporters: [], proxyGroup: null, forwardedBy: 'all' });
});

test.each([
  [{}, ['name', 'address']],
  [{ name: 'siem', address: '192.0.2.9:1' }, ['name']],
  [{ name: 'b', address: '192.0.2.9' }, ['address']],
  [{ name: 'b', address: '[2001:db8::9]:2055', ports: '2055, 70000', domains: 'x' }, ['ports', 'domains']],
  [{ name: 'b', address: '192.0.2.9:1', domains: '4294967295' }, []],
])('%j has mistakes in %j', (part, want) => expect(Object.keys(mistakesIn({ ...emptyDraft, ...part }, [target]))).toEqual(want));

test('a refusal belongs to the field of its own target', () => {
  expect(fieldOf(1)('/forward/1/address')).toBe('address');
  expect(fieldOf(1)('/forward/1/forwardedBy')).toBe('sentBy');
  expect(fieldOf(1)('/forward/0/address')).toBeUndefined();
  expect(fieldOf(1)('/twinCopy')).toBeUndefined();
});

test('what a target gets is told in words', () => {
  expect(filterOf({ ...target, exporters: [], ports: [], domains: [], versions: [] }, (v) => v)).toBe('every packet');
  expect(filterOf(target, (v) => v.toUpperCase())).toBe('from 10.0.0.0/8, 192.0.2.1; on UDP 2055; domain 7; NETFLOW9, IPFIX');
});

test('who forwards: all, the first that is up, or one', () => {
  const first: Target = { ...target, proxyGroup: null, forwardedBy: 'first' };
  expect(inputOf(draftOf(first))).toEqual(first);
  expect(inputOf({ ...draftOf(first), sentBy: 'g1' })).toMatchObject({ proxyGroup: 'g1', forwardedBy: 'all' });
  const groups = [{ id: 'g1', name: 'london-1' }];
  expect([first, target, { ...first, forwardedBy: 'all' as const }].map((t) => senderOf(t, groups, null))).toEqual([
    'by the first proxy group that is up', 'by london-1', 'by every proxy group',
  ]);
  expect(senderOf(first, groups, 'g1')).toBe('by the first proxy group that is up, now london-1');
  expect(senderOf(target, [], null)).toBe('by a proxy group that is gone');
});
