import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { QueryInput, ResultPartsFragment } from '../../graphql/generated/graphql';
import { open } from '../../test/open';
import { at, result } from '../../test/results';
import { answerQueries, failing } from '../../test/server';
import { answerDetail, answerSources, source } from '../../test/sources';

const column = (name: string) => ({ name, kind: 'x' });

const answers: Record<string, Partial<ResultPartsFragment>> = {
  series: {
    columns: ['time', 'dstPort', 'bytes'].map(column),
    rows: [[at(0), 443, '1000'], [at(10), 53, '10']],
    others: [[at(10), '70']],
  },
  top: {
    kind: 'top',
    columns: ['dstPort', 'bytes', 'packets', 'flows'].map(column),
    rows: [[443, '900', '9', '3'], [53, '50', '5', '2']],
    total: ['1000', '20', '10'],
    other: ['50', '6', '5'],
    groups: '7',
  },
  total: { kind: 'total', columns: ['bytes', 'packets', 'flows'].map(column), rows: [['1000', '20', '10']] },
  flows: {
    kind: 'flows',
    columns: ['time', 'srcAddr', 'dstPort', 'bytes'].map(column),
    rows: [[at(1), '10.1.2.3', 443, '700']],
  },
};

function answerFor(change: Partial<ResultPartsFragment> = {}) {
  return (input: QueryInput) => result({ ...answers[input.kind], ...change });
}

const top = () => screen.findByRole('region', { name: 'Top groups' });

test('asks what the URL says and shows chart, legend and groups', async () => {
  const asked = answerQueries(answerFor());
  open('/explore?from=now-1h&to=now&by=dstPort&f=proto+tcp&top=5');
  const groups = within(await top());
  expect(groups.getByRole('button', { name: '443 https' })).toBeInTheDocument();
  expect(groups.getByText('90.0 %')).toBeInTheDocument();
  expect(groups.getByText('other')).toBeInTheDocument();
  expect(groups.getByText('all 7 groups')).toBeInTheDocument();
  const legend = within(screen.getByRole('region', { name: 'Lines of the chart' }));
  expect(legend.getByText('53')).toBeInTheDocument();
  expect(screen.getByRole('img', { name: /Traffic over time/ })).toBeInTheDocument();
  expect(asked).toContainEqual({
    kind: 'series', from: 'now-1h', to: 'now', filter: 'proto tcp', metrics: ['bytes'], step: '30s',
    groupBy: ['dstPort'], orderBy: 'bytes', limit: 5,
  });
  expect(screen.getByLabelText('About the answer')).toHaveTextContent('3 of 3 units answered');
  expect(screen.queryByText(/Totals are partial/)).not.toBeInTheDocument();
});

test('says which unit did not answer, and for which time', async () => {
  const missing = [{ unit: 'london-slave-2', from: at(0), to: at(30), reason: 'does not answer' }];
  answerQueries(
    answerFor({ coverage: { complete: false, unitsAsked: 3, unitsAnswered: 2, missing, answeredBySecondary: [] } }),
  );
  open('/explore?by=dstPort');
  expect(await screen.findByText('2 of 3 units answered in full. Totals are partial.')).toBeInTheDocument();
  expect(screen.getByText(/Missing .*: london-slave-2 \(does not answer\)/)).toBeInTheDocument();
});

test('a clicked value is excluded from the filter, in the URL', async () => {
  answerQueries(answerFor());
  const history = open('/explore?by=dstPort&f=proto+tcp');
  await userEvent.click(within(await top()).getByRole('button', { name: '443 https' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Exclude from the filter' }));
  await waitFor(() => expect(history.location.search).toContain('f=proto+tcp+and+not+dst+port+443'));
});

test('an exporter leads to its source', async () => {
  const rows = [['192.0.2.1', '900', '9', '3']];
  answerQueries((input) => result({ ...answers[input.kind], columns: ['exporter', 'bytes', 'packets', 'flows'].map(column), rows }));
  answerSources([source('192.0.2.1')]);
  answerDetail([]);
  const history = open('/explore?by=exporter');
  await userEvent.click(within(await top()).getByRole('button', { name: '192.0.2.1' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Health and ledger of this source' }));
  expect(await screen.findByRole('complementary', { name: 'Source 192.0.2.1' })).toBeInTheDocument();
  expect(history.location.href).toBe('/sources?source=192.0.2.1');
});

test('a typed filter runs with Enter', async () => {
  const asked = answerQueries(answerFor());
  const history = open('/explore?by=dstPort');
  await top();
  const field = await screen.findByRole('textbox', { name: 'Filter' });
  await userEvent.click(field);
  await userEvent.keyboard('inet6{Enter}');
  await waitFor(() => expect(history.location.search).toContain('f=inet6'));
  await waitFor(() => expect(asked.some((q) => q.filter === 'inet6')).toBe(true));
});

test('records are listed in their own tab', async () => {
  answerQueries(answerFor());
  open('/explore?by=dstPort&tab=flows');
  const list = await screen.findByRole('table', { name: 'Flow records' });
  expect(list).toHaveAttribute('aria-rowcount', '2');
  expect(within(list).getByRole('columnheader', { name: 'Source address' })).toBeInTheDocument();
});

test('a record opens with every field that it carries', async () => {
  answerQueries((input) => (input.kind === 'flows' ? result({ ...answers.flows, columns: ['time', 'srcAddr', 'dstPort', 'bytes', 'tos'].map(column), rows: [[at(1), '10.1.2.3', 443, '1700', null]] }) : answerFor()(input)));
  open('/explore?by=dstPort&tab=flows');
  await userEvent.click(await screen.findByRole('button', { name: 'All fields of record 1' }));
  const record = within(screen.getByRole('complementary', { name: 'Record' }));
  expect(record.getByText('1.70 kB (1,700)')).toBeInTheDocument();
  expect(record.getByRole('button', { name: '443 https' })).toBeInTheDocument();
  expect(record.queryByText('Type of service')).not.toBeInTheDocument();
  await userEvent.click(record.getByRole('button', { name: 'Close the record' }));
  expect(screen.queryByRole('complementary', { name: 'Record' })).not.toBeInTheDocument();
});

test('flows count over the time they lasted when that is wanted', async () => {
  const asked = answerQueries(answerFor());
  const history = open('/explore?by=dstPort');
  await top();
  await userEvent.click(screen.getByLabelText('Over duration'));
  await waitFor(() => expect(asked.some((q) => q.kind === 'series' && q.prorated)).toBe(true));
  expect(asked.some((q) => q.kind === 'top' && q.prorated)).toBe(false);
  expect(history.location.search).toContain('spread=duration');
});

test('more records come page by page', async () => {
  const asked = answerQueries((input) => {
    if (input.kind !== 'flows') return answerFor()(input);
    const next = input.cursor ? '' : 'c2';
    return result({ ...answers.flows, next });
  });
  open('/explore?by=dstPort&tab=flows');
  await userEvent.click(await screen.findByRole('button', { name: 'More records' }));
  expect(await screen.findByText('2 records: that is all')).toBeInTheDocument();
  expect(screen.getByRole('table', { name: 'Flow records' })).toHaveAttribute('aria-rowcount', '3');
  expect(asked.filter((q) => q.kind === 'flows').map((q) => q.cursor)).toEqual([undefined, 'c2']);
});

test('the view is shared as a link', async () => {
  answerQueries(answerFor());
  open('/explore?from=now-1h&to=now&by=dstPort&f=proto+tcp');
  await top();
  const user = userEvent.setup(); // with a clipboard
  await user.click(screen.getByRole('button', { name: 'Share' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Copy link' }));
  expect(await screen.findByText('Link copied')).toBeInTheDocument();
  expect(await navigator.clipboard.readText()).toMatch(/\/explore\?from=now-1h&to=now&f=proto\+tcp&by=dstPort/);
});

test('what Share offers is what there is', async () => {
  answerQueries(answerFor());
  open('/explore?by=dstPort');
  await top();
  await userEvent.click(screen.getByRole('button', { name: 'Share' }));
  const names = (await screen.findAllByRole('menuitem')).map((i) => i.textContent);
  expect(names).toEqual([
    'Copy link', 'Copy link to this very time range', expect.stringMatching(/^Copy as curl/), expect.stringMatching(/^Download groups as CSV/), expect.stringMatching(/^Download records as CSV/),
    expect.stringMatching(/^Download records as NDJSON/), expect.stringMatching(/^Download records as Parquet/),
  ]);
});

test('the chart is compared with a day before', async () => {
  const asked = answerQueries(answerFor());
  const history = open('/explore?from=now-15m&to=now&by=dstPort&cmp=day');
  const legend = within(await screen.findByRole('region', { name: 'Lines of the chart' }));
  expect(await legend.findByText(/^a day before/)).toBeInTheDocument();
  expect(asked).toContainEqual(expect.objectContaining({ kind: 'series', from: 'now-1455m', to: 'now-1d', metrics: ['bytes'] }));
  expect(asked.find((q) => q.from === 'now-1455m')?.groupBy).toBeUndefined();
  expect(history.location.search).toContain('cmp=day');
});

test('keys move the range, and back', async () => {
  answerQueries(answerFor());
  const history = open('/explore?from=2026-11-25T10:00:00.000Z&to=2026-11-25T11:00:00.000Z&by=dstPort');
  await top();
  await userEvent.keyboard('t{ArrowLeft}');
  await waitFor(() => expect(history.location.search).toContain('from=2026-11-25T09:30:00.000Z'));
  await userEvent.keyboard('tz');
  await waitFor(() => expect(history.location.search).toContain('from=2026-11-25T10:00:00.000Z'));
  await userEvent.keyboard('ta');
  expect(await screen.findByLabelText('From')).toHaveFocus();
});

test('a filter with a mistake says so in place of the chart', async () => {
  answerQueries(() => failing('filter at octet 0: unknown word', 'FILTER_SYNTAX') as unknown as Response);
  open('/explore?f=prto');
  expect(await screen.findByText('The filter has a mistake')).toBeInTheDocument();
  expect(screen.getAllByText(/unknown word/).length).toBeGreaterThan(0);
});

test('no matching flows is not an error', async () => {
  answerQueries((input) => result({ ...answers[input.kind], rows: [], others: [], total: ['0', '0', '0'] }));
  open('/explore?by=dstPort');
  expect(await screen.findByText('No flows match')).toBeInTheDocument();
  expect(screen.getByText('No flows match in this range')).toBeInTheDocument();
});
