import { expect, test } from 'vitest';
import { defaultView, readView, writeView, type View } from './url';

test('an empty URL is the default, the default an empty URL', () => {
  expect(readView({})).toEqual(defaultView);
  expect(Object.values(writeView(defaultView)).filter((v) => v !== undefined)).toEqual([]);
});

test('a view survives the URL', () => {
  const view: View = {
    tab: 'ledger', text: 'core ipfix', group: 'london', protocol: 'ipfix', problems: true, sort: { column: 'loss', down: false },
    source: 'london/192.0.2.1',
  };
  expect(readView(writeView(view))).toEqual(view);
  expect(writeView(view).sort).toBe('loss');
});

test('nonsense falls back', () => {
  expect(readView({ tab: 'x', sort: '-money', problems: 'maybe' })).toEqual(defaultView);
});
