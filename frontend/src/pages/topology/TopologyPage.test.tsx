import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { open } from '../../test/open';
import { answerTopology, pushTopology } from '../../test/server';
import { demo, unit } from '../../test/topologies';

const table = () => screen.findByRole('region', { name: 'Units' });

test('shows every unit under its source group', async () => {
  answerTopology(demo());
  open('/topology');
  const rows = within(await table());
  for (const name of ['master', 'hq', 'london-proxy', 'london-slave-1', 'london-slave-2']) {
    expect(rows.getByRole('button', { name })).toBeInTheDocument();
  }
  expect(rows.getByText(/round-robin, delivery tls, UDP 2055, 4739/)).toBeInTheDocument();
  expect(rows.getAllByText('active')).toHaveLength(5);
  expect(screen.getByText('5 of 5')).toBeInTheDocument();
});

test('says which unit is lost and why, and which revision a unit lacks', async () => {
  answerTopology(
    demo((units) =>
      units.map((u) => {
        if (u.name === 'london-slave-2') return { ...u, status: { ...u.status, state: 'lost', reason: 'silent for 12 s' } };
        if (u.name === 'hq') return { ...u, status: { ...u.status, applied: '5', lag: '2' } };
        return u;
      }),
    ),
  );
  open('/topology');
  expect(await screen.findByText(/london-slave-2 is lost \(silent for 12 s\)/)).toBeInTheDocument();
  expect(screen.getByText('5 of 7, 2 behind')).toBeInTheDocument();
});

test('a unit opens with its failing check', async () => {
  const broken = { name: 'listening', ok: false, reason: 'UDP port 2055 is taken' };
  answerTopology(
    demo((units) => units.map((u) => (u.name === 'hq' ? { ...u, status: { ...u.status, state: 'degraded', checks: [broken] } } : u))),
  );
  open('/topology');
  await userEvent.click(within(await table()).getByRole('button', { name: 'hq' }));
  const panel = await screen.findByRole('complementary', { name: 'Unit hq' });
  expect(within(panel).getByText('UDP port 2055 is taken')).toBeInTheDocument();
  expect(within(panel).getByLabelText('failing')).toBeInTheDocument();
});

test('what is pushed replaces what was asked for', async () => {
  answerTopology(demo());
  pushTopology({ ...demo(), revision: '8' });
  open('/topology');
  expect(await screen.findByText('live')).toBeInTheDocument();
  expect(await screen.findByText('8')).toBeInTheDocument();
});

test('an empty deployment says what to do', async () => {
  answerTopology({ ...demo(() => []), proxyGroups: [], sourceGroups: [] });
  open('/topology');
  expect(await screen.findByText('No units yet')).toBeInTheDocument();
});

test('a Master that does not answer can be asked again', async () => {
  answerTopology('lost');
  open('/topology');
  expect(await screen.findByText('The topology could not be read')).toBeInTheDocument();
  answerTopology(demo());
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await table()).toBeInTheDocument();
});

test('units are searched for, in the URL', async () => {
  answerTopology(demo());
  const history = open('/topology');
  const rows = within(await table());
  await userEvent.type(screen.getByLabelText('Search units'), 'docklands slave');
  await waitFor(() => expect(rows.queryByRole('button', { name: 'hq' })).not.toBeInTheDocument());
  expect(rows.getByRole('button', { name: 'london-slave-1' })).toBeInTheDocument();
  expect(screen.getByText('2 of 5 units')).toBeInTheDocument();
  expect(history.location.search).toContain('q=docklands+slave');
  await userEvent.click(screen.getByLabelText('Only in trouble (0)'));
  expect(await screen.findByText('No unit matches')).toBeInTheDocument();
});

test('a deployment too large for a map is shown as tiles, which lead to one group', async () => {
  const many = Array.from({ length: 41 }, (_, i) => unit(`spare-${i}`, 'slave', { state: 'expected' }));
  answerTopology(demo((units) => [...units, ...many]));
  open('/topology');
  const tiles = within(await screen.findByRole('list', { name: 'Source groups and their units' }));
  expect(tiles.getByRole('button', { name: /In no source group.*41 expected/ })).toBeInTheDocument();
  await userEvent.click(tiles.getByRole('button', { name: /^london/ }));
  expect(await screen.findByText('3 of 46 units')).toBeInTheDocument();
  expect(screen.getByLabelText('Search units')).toHaveValue('london');
});
