import { expect, test } from 'vitest';
import { csvOf, fileName, flowsUrl } from './download';
import { defaultView } from './url';

const now = Date.UTC(2026, 10, 25, 12);

test('a download asks for the records of the view', () => {
  const url = new URL(flowsUrl({ ...defaultView, filter: 'proto tcp', sort: 'bytes' }, now), 'http://x');
  expect(url.pathname).toBe('/api/v1/flows');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    from: '2026-11-25T11:45:00.000Z', to: '2026-11-25T12:00:00.000Z', filter: 'proto tcp', limit: '100000', orderBy: 'bytes',
  });
  expect(flowsUrl(defaultView, now)).toMatch(/filter=&limit=1000000$/);
});

test('files are named by what they hold and when', () => expect(fileName('flows', now, 'csv')).toBe('weir-flows-20261125-120000.csv'));

test('cells are quoted, exact, and no formulas', () => {
  const columns = ['srcAddr', 'app', 'bytes'].map((name) => ({ name, kind: 'x' }));
  const rows = [['10.0.0.1', 'a,"b"', '18446744073709551615'], [null, '=1+1', '-5']];
  expect(csvOf({ columns, rows })).toBe('srcAddr,app,bytes\r\n10.0.0.1,"a,""b""",18446744073709551615\r\n,\'=1+1,-5\r\n');
});
