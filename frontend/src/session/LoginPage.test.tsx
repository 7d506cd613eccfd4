import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { graphql, HttpResponse } from 'msw';
import { expect, test } from 'vitest';
import { open } from '../test/open';
import { acceptToken, answerTopology, server, signedOut } from '../test/server';
import { demo } from '../test/topologies';
import { safeNext } from './LoginPage';

test('a wrong token is refused with the reason, a good one leads to the page', async () => {
  signedOut();
  acceptToken('weir_good');
  answerTopology(demo());
  const history = open('/topology?unit=id-hq');

  const field = await screen.findByLabelText('API token');
  expect(screen.getByText(/weir token create/)).toBeInTheDocument();
  await userEvent.type(field, 'weir_bad');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('this token is not known');

  server.use(
    graphql.query('Me', () =>
      HttpResponse.json({ data: { me: { name: 'ada', role: 'viewer' }, version: { version: '1', commit: '' } } }),
    ),
  );
  await userEvent.clear(field);
  await userEvent.type(field, 'weir_good{Enter}');
  expect(await screen.findByRole('heading', { name: 'Topology' })).toBeInTheDocument();
  await waitFor(() => expect(history.location.href).toBe('/topology?unit=id-hq'));
});

test.each([
  ['/explore?f=proto+tcp', '/explore?f=proto+tcp'],
  ['https://elsewhere.example', '/'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['/login?next=/', '/'],
  [undefined, '/'],
])('after the sign-in %s leads to %s', (next, want) => expect(safeNext(next)).toBe(want));
