import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { graphql, HttpResponse } from 'msw';
import { expect, test, vi } from 'vitest';
import type { UpdateSourceGroupInput } from '../../../graphql/generated/graphql';
import { open } from '../../../test/open';
import { answerTopology, server, signedInAs } from '../../../test/server';
import { demo, sourceGroup } from '../../../test/topologies';
import type { SourceGroup } from '../sections';
import type { Target } from './target';

const panel = async () => within(await screen.findByRole('complementary', { name: 'Source group london' }));

function answerGroup(change: Partial<SourceGroup> = {}) {
  const topology = demo();
  answerTopology({ ...topology, sourceGroups: [sourceGroup('london', change)] });
  server.use(
    graphql.query('Forwarded', () =>
      HttpResponse.json({
        data: {
          ledger: [{ unit: 'id-london-proxy', name: 'london-proxy', error: '', forwarded: [
            { target: 'siem', twin: null, received: '1000', kept: '990', dropped: [{ reason: 'queue_full', count: '10' }] },
          ] }],
        },
      }),
    ),
  );
}

/** Answers changes; records what was asked. A refusal is of one pointer. */
function answerChanges(refusal?: { pointer: string; detail: string }): UpdateSourceGroupInput[] {
  const asked: UpdateSourceGroupInput[] = [];
  server.use(
    graphql.mutation('UpdateSourceGroup', ({ variables }) => {
      asked.push(variables.input as UpdateSourceGroupInput);
      if (refusal) return HttpResponse.json({ errors: [{ message: 'refused', extensions: { code: 'VALIDATION', errors: [refusal] } }] });
      return HttpResponse.json({ data: { updateSourceGroup: { revision: '8', affected: ['a', 'b'], sourceGroup: { revision: '8' } } } });
    }),
  );
  return asked;
}

const siem: Target = { name: 'siem', address: '192.0.2.9:2055', source: 'exporter', exporters: [], ports: [2055], domains: [], versions: ['ipfix'], proxyGroup: null, forwardedBy: 'first' };

test('a source group opens from the table and says what each Slave keeps', async () => {
  answerGroup();
  open('/topology');
  await userEvent.click(within(await screen.findByRole('region', { name: 'Units' })).getByRole('button', { name: 'Source group london' }));
  const group = await panel();
  const slaves = within(group.getByRole('region', { name: 'What each Slave keeps' }));
  expect(slaves.getAllByText(/london-slave/)).toHaveLength(2);
  expect(slaves.getAllByText('9 GB')).toHaveLength(2);
  expect(group.getByText(/Maximum age as each unit is configured/)).toBeInTheDocument();
  expect(group.queryByRole('button', { name: 'Save' })).not.toBeInTheDocument();
});

test('a quota that no Slave has room for is refused in place', async () => {
  signedInAs('operator');
  answerGroup({ retention: { maxAgeSeconds: 7_776_000, quotaBytes: null } });
  const asked = answerChanges({ pointer: '/retention/quotaBytes', detail: 'london-slave-1 has 10.0 GB' });
  open('/topology?group=s-london');
  const retention = within((await panel()).getByRole('region', { name: 'Retention' }));
  expect(retention.getByLabelText('Maximum age')).toHaveValue('90 d');
  await userEvent.type(retention.getByLabelText('Quota of each Slave'), '20 TB');
  await userEvent.click(retention.getByRole('button', { name: 'Save' }));
  expect(await retention.findByText('london-slave-1 has 10.0 GB')).toBeInTheDocument();
  expect(retention.getByLabelText('Quota of each Slave')).toBeInvalid();
  expect(asked).toEqual([{ id: 's-london', basedOn: '3', retention: { maxAgeSeconds: 7_776_000, quotaBytes: '20000000000000' } }]);

  answerChanges();
  await userEvent.clear(retention.getByLabelText('Quota of each Slave'));
  await userEvent.type(retention.getByLabelText('Quota of each Slave'), '8 GB');
  await userEvent.click(retention.getByRole('button', { name: 'Save' }));
  expect(await retention.findByText('Saved as revision 8; 2 units will follow.')).toBeInTheDocument();
});

test('a target shows what it got, and another is added beside it', async () => {
  signedInAs('operator');
  answerGroup({ forward: [siem], forwarder: 'g-london' });
  const asked = answerChanges();
  open('/topology?group=s-london');
  const forwarding = within((await panel()).getByRole('region', { name: 'Forwarding' }));
  expect(forwarding.getByText(/on UDP 2055; IPFIX; with the exporter’s address; by the first proxy group that is up, now london-1/)).toBeInTheDocument();
  expect(await forwarding.findByText('10 queue full')).toBeInTheDocument();
  await userEvent.click(forwarding.getByRole('button', { name: 'Add a target' }));
  await userEvent.type(forwarding.getByLabelText('Name'), 'archive');
  await userEvent.click(forwarding.getByRole('button', { name: 'Save' }));
  expect(forwarding.getByText(/An address and a port/)).toBeInTheDocument();
  await userEvent.type(forwarding.getByLabelText('Address and UDP port'), '192.0.2.10:9995');
  await userEvent.click(forwarding.getByLabelText('Sent by'));
  await userEvent.click(await screen.findByRole('option', { name: 'the first that is up', hidden: true }));
  await userEvent.click(forwarding.getByRole('button', { name: 'Save' }));
  await screen.findByRole('button', { name: 'Add a target' });
  expect(asked[0]?.forward?.map((t) => [t.name, t.address, t.forwardedBy])).toEqual([
    ['siem', '192.0.2.9:2055', 'first'], ['archive', '192.0.2.10:9995', 'first'],
  ]);
});

test('a target is removed after a second look', async () => {
  signedInAs('operator');
  answerGroup({ forward: [siem] });
  const asked = answerChanges();
  open('/topology?group=s-london');
  const forwarding = within((await panel()).getByRole('region', { name: 'Forwarding' }));
  await userEvent.click(forwarding.getByRole('button', { name: 'Remove siem' }));
  await userEvent.click(forwarding.getByRole('button', { name: 'Remove siem' }));
  await vi.waitFor(() => expect(asked).toEqual([{ id: 's-london', basedOn: '3', forward: [] }]));
});

test('the twin copy is switched on for some exporters', async () => {
  signedInAs('operator');
  answerGroup();
  const asked = answerChanges();
  open('/topology?group=s-london');
  const twin = within((await panel()).getByRole('region', { name: 'Twin copy' }));
  await userEvent.click(twin.getByLabelText('Copy to the twin Proxy'));
  await userEvent.type(twin.getByLabelText('Only exporters'), '192.0.2.1, 10.0.0.0/8');
  await userEvent.click(twin.getByRole('button', { name: 'Save' }));
  await twin.findByText(/Saved as revision 8/);
  expect(asked[0]).toMatchObject({ twinCopy: true, twinExporters: ['192.0.2.1', '10.0.0.0/8'] });
});
