import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { graphql, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { action, answerActions, unitAction } from '../../test/actions';
import { open } from '../../test/open';
import { server } from '../../test/server';

const table = async () => within(await screen.findByRole('region', { name: 'Changes and their units' }));

test('a change says which units have not followed, and why', async () => {
  const units = [unitAction('s1'), unitAction('s2', { state: 'failed', message: 'listen on udp :2055: address already in use' })];
  answerActions([action({ revision: '8', state: 'failed', units }), action()]);
  open('/actions');
  const rows = await table();
  expect(rows.getByText('1 of 2 units')).toBeInTheDocument();
  expect(rows.getByText('s2: listen on udp :2055: address already in use')).toBeInTheDocument();
  expect(within(screen.getByLabelText('Summary')).getByText('8')).toBeInTheDocument();
});

test('what is searched for stays in the URL', async () => {
  answerActions([action({ revision: '8', state: 'pending', units: [unitAction('s1', { state: 'pending' })] }), action()]);
  const history = open('/actions');
  await table();
  await userEvent.click(screen.getByLabelText('Only unconfirmed'));
  expect(await screen.findByText('1 of 2 changes')).toBeInTheDocument();
  expect(history.location.search).toContain('open=only');
  await userEvent.type(screen.getByLabelText('Search changes'), 'bob');
  expect(await screen.findByText('No change matches')).toBeInTheDocument();
  expect(history.location.search).toContain('q=bob');
});

test('an empty log says what will show here', async () => {
  answerActions([]);
  open('/actions');
  expect(await screen.findByText('Nothing was changed yet')).toBeInTheDocument();
});

test('the number of running queries stands in the navigation', async () => {
  answerActions([]);
  server.use(graphql.query('RunningQueries', () => HttpResponse.json({ data: { queries: [{ id: 'q1', state: 'running' }, { id: 'q2', state: 'done' }] } })));
  open('/actions');
  expect(await screen.findByRole('link', { name: 'Queries, 1 running' })).toBeInTheDocument();
});
