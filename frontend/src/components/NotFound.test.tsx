import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { open } from '../test/open';

test('an address that leads nowhere says so beside the navigation', async () => {
  open('/nowhere');
  expect(await screen.findByText('There is no page at this address')).toBeInTheDocument();
  expect(screen.getByRole('navigation', { name: 'Pages' })).toBeInTheDocument();
});
