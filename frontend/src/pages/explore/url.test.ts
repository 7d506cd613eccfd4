import { expect, test } from 'vitest';
import { defaultView, readView, writeView, type View } from './url';

test('an empty URL is the default', () => expect(readView({})).toEqual(defaultView));

test('a view survives the URL', () => {
  const view: View = {
    range: { from: '2026-11-25T10:00:00.000Z', to: 'now' },
    filter: 'proto tcp and dst port in [80 443]',
    by: ['srcAddr/24', 'dstPort'],
    metric: 'flows',
    top: 50,
    tab: 'flows',
    shape: 'lines',
    compare: 'week',
    prorated: true,
    sort: 'bytes',
  };
  expect(readView(writeView(view))).toEqual(view);
  expect(readView(writeView({ ...view, by: [] })).by).toEqual([]);
});

test('defaults stay out of the URL, the range stays relative', () => {
  expect(writeView(defaultView)).toEqual({ from: 'now-15m', to: 'now', by: 'srcAddr', v: '1' });
});

test('nonsense falls back', () => {
  const view = readView({ m: 'money', top: '7', by: 'a b,<script>', tab: 'x', viz: 'pie', cmp: 'year', sort: 'a b' });
  expect(view).toEqual(defaultView);
});
