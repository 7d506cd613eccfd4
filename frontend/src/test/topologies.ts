/** Topologies as the API gives them, for tests. */
import type { SourceGroup } from '../pages/topology/sections';
import type { Topology, Unit } from '../pages/topology/useTopology';

export function unit(name: string, role: Unit['role'], status: Partial<Unit['status']> = {}): Unit {
  return {
    id: `id-${name}`,
    name,
    role,
    control: '127.0.0.11:2210',
    query: '127.0.0.11:4210',
    joined: '2026-11-25T10:00:00Z',
    status: {
      state: 'active',
      reason: '',
      lastSeen: '2026-11-25T12:00:00Z',
      started: '2026-11-25T10:00:00Z',
      version: '0.1.0',
      applied: '7',
      lag: '0',
      checks: [{ name: 'store', ok: true, reason: '' }],
      rates: {
        packetsPerSecond: 100, recordsPerSecond: 3000, keptPerSecond: 3000, droppedPerSecond: 0,
        packets: '1000', records: '30000', kept: '30000', dropped: '0',
      },
      memoryBytes: '50000000',
      storeBytes: '1000000',
      storeFreeBytes: '9000000000',
      storeMinimumBytes: '67108864',
      storeQuotaBytes: '0',
      storeMaxAgeSeconds: 0,
      storeRows: '30000',
      oldest: '2026-11-25T10:00:00Z',
      newest: '2026-11-25T12:00:00Z',
      ...status,
    },
  };
}

export const sourceGroup = (name: string, change: Partial<SourceGroup> = {}): SourceGroup => ({
  id: `s-${name}`, revision: '3', name, description: '', model: 'round_robin', delivery: 'tls', listen: [2055], identity: 'session', relayed: [],
  retention: { maxAgeSeconds: null, quotaBytes: null }, forward: [], forwarder: null, twinCopy: false, twinExporters: [],
  ...change,
});

/** The deployment of the demo. */
export function demo(change: (units: Unit[]) => Unit[] = (u) => u): Topology {
  return {
    cluster: 'c',
    revision: '7',
    units: change([
      unit('hq', 'standalone'),
      unit('london-proxy', 'proxy'),
      unit('london-slave-1', 'slave'),
      unit('london-slave-2', 'slave'),
      unit('master', 'master'),
    ]),
    proxyGroups: [
      { id: 'g-hq', name: 'hq-1', priority: 100, sourceGroup: { id: 's-hq' }, proxy: { id: 'id-hq' }, slaves: [] },
      {
        id: 'g-london', name: 'london-1', priority: 100, sourceGroup: { id: 's-london' }, proxy: { id: 'id-london-proxy' },
        slaves: [
          { weight: 1, unit: { id: 'id-london-slave-1' } },
          { weight: 2, unit: { id: 'id-london-slave-2' } },
        ],
      },
    ],
    sourceGroups: [
      sourceGroup('hq', { model: 'flow_source', delivery: 'udp', listen: [2055] }),
      sourceGroup('london', { description: 'Docklands', listen: [2055, 4739] }),
    ],
  };
}
