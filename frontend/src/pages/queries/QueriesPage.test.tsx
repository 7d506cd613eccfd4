import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { graphql, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { answerJobs, job } from '../../test/jobs';
import { open } from '../../test/open';
import { server } from '../../test/server';

const running = () =>
  job({
    id: 'q9', state: 'running', actor: 'bob', ended: null, result: null,
    progress: [
      { unit: 'hq', state: 'done', rowsScanned: '900', segmentsDone: 4, segments: 4 },
      { unit: 'london-slave-1', state: 'running', rowsScanned: '100', segmentsDone: 1, segments: 16 },
    ],
  });

test('a running query shows how far each unit is, and can be ended', async () => {
  answerJobs([running(), job()]);
  const ended: string[] = [];
  server.use(
    graphql.mutation('CancelQuery', ({ variables }) => {
      ended.push(variables.id as string);
      answerJobs([job({ id: 'q9', state: 'canceled', actor: 'bob', result: null })]);
      return HttpResponse.json({ data: { cancelQuery: { id: 'q9' } } });
    }),
  );
  open('/queries');
  const list = within(await screen.findByRole('region', { name: 'Running queries' }));
  expect(list.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '25');
  expect(list.getByText('1 of 2 units, 1 k rows')).toBeInTheDocument();
  expect(list.getByText('london-slave-1: 1 of 16 segments')).toBeInTheDocument();
  await userEvent.click(list.getByRole('button', { name: /^Cancel/ }));
  expect(await screen.findByText(/^Nothing is being asked/)).toBeInTheDocument();
  expect(screen.getByText('canceled')).toBeInTheDocument();
  expect(ended).toEqual(['q9']);
});

test('a queued query shows its place', async () => {
  answerJobs([job({ state: 'queued', place: 3, ended: null, result: null })]);
  open('/queries');
  expect(await screen.findByText('queued: place 3')).toBeInTheDocument();
  expect(screen.getByText('1 of at most 16')).toBeInTheDocument();
});

test('recent queries show what they cost and what they lack', async () => {
  const partial = { complete: false, unitsAsked: 3, unitsAnswered: 2 };
  answerJobs([
    job({ result: { ...(job().result as NonNullable<ReturnType<typeof job>['result']>), coverage: partial } }),
    job({ id: 'q2', state: 'failed', error: 'over the budget of 256 MiB', result: null }),
  ]);
  open('/queries');
  const list = within(await screen.findByRole('region', { name: 'Recent queries' }));
  expect(list.getByText('2 of 3 units, partial')).toBeInTheDocument();
  expect(list.getByText('6 of 8')).toBeInTheDocument();
  expect(list.getByText('exact, threshold algorithm')).toBeInTheDocument();
  expect(list.getByText('over the budget of 256 MiB')).toBeInTheDocument();
  expect(list.getAllByRole('link', { name: 'first 10 by Source address' })[0]).toHaveAttribute('href', expect.stringContaining('by=srcAddr'));
});
