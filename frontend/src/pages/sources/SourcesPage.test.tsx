import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { graphql, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import type { UpdateSourceInput } from '../../graphql/generated/graphql';
import { open } from '../../test/open';
import { failing, server, signedInAs } from '../../test/server';
import { answerDetail, answerLedger, answerSources, books, entry, sequence, source, unitLedger } from '../../test/sources';

/** The table once its rows are laid out. */
async function grid() {
  const found = within(await screen.findByRole('grid', { name: 'Sources' }));
  await found.findAllByRole('gridcell');
  return found;
}

const three = () => [
  source('192.0.2.1', { name: 'core-1' }),
  source('192.0.2.2', { sampling: { rate: '0', origin: 'unknown', rates: [], unscaled: '8' }, sequences: [sequence({ lost: '2000' })], lostPerSecond: 3 }),
  source('192.0.2.3', { sourceGroupName: 'hq', unitName: 'hq', protocols: ['sflow5'] }),
];

const rowsOf = async () => {
  const rows = within((await grid()).getAllByRole('rowgroup')[1] as HTMLElement).getAllByRole('row');
  return rows.map((r) => within(r).getAllByRole('gridcell')[1]?.textContent);
};

test('shows every exporter with its health, the worst first', async () => {
  answerSources(three());
  open('/sources');
  const rows = await grid();
  expect(await rowsOf()).toEqual(['192.0.2.2', '192.0.2.1', '192.0.2.3']);
  expect(rows.getByRole('img', { name: 'in trouble' })).toBeInTheDocument();
  expect(rows.getByText('unknown')).toBeInTheDocument();
  expect(rows.getByText('10.0 % · 2 k records')).toBeInTheDocument();
  expect(rows.getByText('3/s ·')).toBeInTheDocument();
  expect(screen.getByText('3 sources')).toBeInTheDocument();
  expect(screen.getByText('300 rec/s')).toBeInTheDocument();
});

test('search, filters and order are in the URL', async () => {
  answerSources(three());
  const history = open('/sources?q=192.0.2&group=london&sort=exporter');
  await grid();
  expect(await rowsOf()).toEqual(['192.0.2.1', '192.0.2.2']);
  expect(screen.getByText('2 of 3 sources')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('switch', { name: /Only with problems/ }));
  expect(await rowsOf()).toEqual(['192.0.2.2']);
  await userEvent.click((await grid()).getByRole('button', { name: 'Records/s' }));
  await waitFor(() => expect(history.location.href).toBe('/sources?q=192.0.2&group=london&problems=only&sort=-records'));
});

test('of many sources only the rows in sight are in the document', async () => {
  answerSources(Array.from({ length: 500 }, (_, i) => source(`192.0.${Math.floor(i / 250)}.${i % 250}`)));
  open('/sources');
  const rows = (await grid()).getAllByRole('row');
  expect(screen.getByRole('grid', { name: 'Sources' })).toHaveAttribute('aria-rowcount', '501');
  expect(rows.length).toBeLessThan(60);
});

test('arrow keys move, Enter opens, Escape closes', async () => {
  answerSources(three());
  answerDetail([]);
  const history = open('/sources?sort=exporter');
  await grid();
  screen.getByRole('grid', { name: 'Sources' }).focus();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}');
  expect(await screen.findByRole('complementary', { name: 'Source 192.0.2.2' })).toBeInTheDocument();
  expect(history.location.href).toBe('/sources?sort=exporter&source=london/192.0.2.2');
  await userEvent.keyboard('{ArrowUp}');
  expect(await screen.findByRole('complementary', { name: 'Source 192.0.2.1' })).toBeInTheDocument();
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('complementary')).not.toBeInTheDocument());
});

test('an address alone opens its source, with problems, templates and account', async () => {
  answerSources(three());
  const account = (unitName: string, hop: string) => ({
    unit: unitName, unitName, hop, kind: 'records', received: '50', kept: '40', split: '0', missing: '0', dropped: [{ reason: 'queue_full', count: '10' }],
  });
  answerDetail(
    [{ id: '192.0.2.2-1-london-proxy', templates: { known: [{ protocol: 'ipfix', id: 300, fields: 12, isOptions: false }] }, interfaces: [] }],
    [{
      flowSource: '192.0.2.2@g-london', exporter: '192.0.2.2', sourceGroupName: 'london', isBalanced: true, underway: '0',
      accounts: [account('london-proxy', 'distribute')], sent: [],
    }],
  );
  open('/sources?source=192.0.2.2');
  const panel = within(await screen.findByRole('complementary', { name: 'Source 192.0.2.2' }));
  const problems = within(panel.getByRole('list', { name: 'Problems' }));
  expect(problems.getByText('10.0 % of IPFIX records lost on the way to london-proxy')).toBeInTheDocument();
  expect(await panel.findByText('300')).toBeInTheDocument();
  const accounts = within(await panel.findByRole('region', { name: 'Account by unit and hop' }));
  expect(accounts.getByText('queue full')).toBeInTheDocument();
  expect(accounts.getByText('2,000 lost on the way')).toBeInTheDocument();
  expect(panel.getByRole('link', { name: 'Flows of this exporter' })).toHaveAttribute('href', expect.stringContaining('f=exporter+192.0.2.2'));
  expect(panel.getByText(/Operators and administrators may set them/)).toBeInTheDocument();
});

test('says which unit did not tell what it knows, and what is beyond the limit', async () => {
  answerSources(three(), { missing: [{ unit: 'u', unitName: 'hq', reason: 'does not answer' }], total: 900 });
  open('/sources');
  expect(await screen.findByText('Not all sources are shown.')).toBeInTheDocument();
  expect(screen.getByText(/hq \(does not answer\)/)).toBeInTheDocument();
  expect(screen.getByText(/The first 3 of 900 sources are shown/)).toBeInTheDocument();
});

test('without exporters it says what to do, without matches what to change', async () => {
  answerSources([]);
  open('/sources');
  expect(await screen.findByText('No exporter has sent anything yet')).toBeInTheDocument();
});

test('a Master that does not answer can be asked again', async () => {
  server.use(graphql.query('Sources', () => HttpResponse.error()));
  open('/sources');
  expect(await screen.findByText('The sources could not be read')).toBeInTheDocument();
  answerSources(three());
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect((await grid()).getByText('192.0.2.1')).toBeInTheDocument();
});

test('an operator names an exporter and sets its rate; mistakes are told beside their field', async () => {
  signedInAs('operator');
  answerSources(three());
  answerDetail([]);
  const asked: UpdateSourceInput[] = [];
  server.use(
    graphql.mutation('UpdateSource', ({ variables }) => {
      asked.push(variables.input as UpdateSourceInput);
      if (asked.length === 1) {
        const errors = [{ pointer: '/name', detail: 'exporter 192.0.2.9 has the name core-9' }];
        return HttpResponse.json({ errors: [{ message: 'conflict', extensions: { code: 'CONFLICT', errors } }] });
      }
      const settings = { name: 'core-8', samplingRate: 512, revision: '9' };
      return HttpResponse.json({ data: { updateSource: { revision: '9', action: 'a', affected: ['u1', 'u2'], settings } } });
    }),
  );
  open('/sources?source=192.0.2.1');
  const form = within(await screen.findByRole('region', { name: 'Set by hand' }));
  const name = form.getByLabelText('Name');
  const rate = form.getByLabelText('Sampling: 1 in');
  expect(name).toHaveValue('core-1');
  await userEvent.type(rate, 'x');
  await userEvent.click(form.getByRole('button', { name: 'Save' }));
  expect(await form.findByText(/A whole number from 1/)).toBeInTheDocument();
  expect(asked).toEqual([]);

  await userEvent.clear(rate);
  await userEvent.type(rate, '512');
  await userEvent.clear(name);
  await userEvent.type(name, 'core-9');
  await userEvent.click(form.getByRole('button', { name: 'Save' }));
  expect(await form.findByText('exporter 192.0.2.9 has the name core-9')).toBeInTheDocument();

  await userEvent.type(name, '{Backspace}8');
  await userEvent.click(form.getByRole('button', { name: 'Save' }));
  expect(await form.findByText('Saved as revision 9; 2 units will follow.')).toBeInTheDocument();
  expect(asked[1]).toEqual({ id: '192.0.2.1@g-london', name: 'core-8', samplingRate: 512, basedOn: '0' });
});

test('what someone else has changed meanwhile is not overwritten', async () => {
  signedInAs('admin');
  answerSources(three());
  answerDetail([]);
  server.use(graphql.mutation('UpdateSource', () => failing('the settings have changed', 'CONFLICT')));
  open('/sources?source=192.0.2.1');
  const form = within(await screen.findByRole('region', { name: 'Set by hand' }));
  await userEvent.type(form.getByLabelText('Name'), '2');
  await userEvent.click(form.getByRole('button', { name: 'Save' }));
  expect(await form.findByRole('alert')).toHaveTextContent('Someone else has changed this');
  await userEvent.click(form.getByRole('button', { name: 'Discard' }));
  expect(form.getByLabelText('Name')).toHaveValue('core-1');
});

test('the ledger of the deployment balances, and says what was dropped', async () => {
  const lossy = books();
  lossy.ledger.push(unitLedger('hq', [entry('receive', 'packets', 10, { kept: '7', dropped: [{ reason: 'kernel_dropped', count: '3' }] })]));
  lossy.ledger.push(unitLedger('attic', [], { error: 'does not answer' }));
  answerSources(three());
  answerLedger(lossy);
  open('/sources?tab=ledger');
  const accounts = within(await screen.findByRole('region', { name: 'Accounts by unit and hop' }));
  expect(accounts.getAllByText('all arrived')).toHaveLength(2);
  expect(accounts.getAllByText('balances').length).toBeGreaterThan(5);
  expect(screen.getByText('Every account that is known balances')).toBeInTheDocument();
  expect(screen.getByText('The books are not complete.')).toBeInTheDocument();
  const losses = within(screen.getByRole('region', { name: 'Dropped by reason' }));
  expect(losses.getByText('kernel dropped')).toBeInTheDocument();
  expect(losses.getByText(/net.core.rmem_max/)).toBeInTheDocument();
});
