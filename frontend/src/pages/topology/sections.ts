/** The topology in the order in which it is read: Masters, places, the rest. */
import type { Topology, Unit } from './useTopology';

export type SourceGroup = Topology['sourceGroups'][number];
export type ProxyGroup = Topology['proxyGroups'][number];

export type Place = {
  unit: Unit;
  group?: ProxyGroup;
  weight?: number;
};

/** What is open beside the table, and how something else is opened. */
export type Choices = {
  /** ID of a unit or a source group. */
  chosen: string | undefined;
  chooseUnit: (unit: string) => void;
  chooseGroup: (sourceGroup: string) => void;
};

export type Section =
  | { kind: 'masters'; key: string; places: Place[] }
  | { kind: 'source'; key: string; source: SourceGroup; groups: ProxyGroup[]; places: Place[] }
  | { kind: 'idle'; key: string; groups: ProxyGroup[]; places: Place[] };

/** Every unit once, under the source group that it works for. */
export function sections(topology: Topology): Section[] {
  const units = new Map(topology.units.map((u) => [u.id, u]));
  const placed = new Set<string>();
  const take = (group: ProxyGroup): Place[] => {
    const members = [{ id: group.proxy.id }, ...group.slaves.map((s) => ({ id: s.unit.id, weight: s.weight }))];
    return members.flatMap(({ id, ...rest }) => {
      const unit = units.get(id);
      if (!unit || placed.has(id)) return [];
      placed.add(id);
      return [{ unit, group, ...rest }];
    });
  };
  const masters = topology.units.filter((u) => u.role === 'master');
  masters.forEach((u) => placed.add(u.id));
  const found: Section[] = [{ kind: 'masters', key: 'masters', places: masters.map((unit) => ({ unit })) }];
  for (const source of topology.sourceGroups) {
    const groups = topology.proxyGroups
      .filter((g) => g.sourceGroup?.id === source.id)
      .sort((a, b) => a.priority - b.priority);
    found.push({ kind: 'source', key: source.id, source, groups, places: groups.flatMap(take) });
  }
  const groups = topology.proxyGroups.filter((g) => !g.sourceGroup);
  const places = groups.flatMap(take);
  const rest = topology.units.filter((u) => !placed.has(u.id)).map((unit) => ({ unit }));
  if (groups.length + rest.length > 0) found.push({ kind: 'idle', key: 'idle', groups, places: [...places, ...rest] });
  return found;
}

export const modelNames: Record<SourceGroup['model'], string> = {
  round_robin: 'round-robin',
  flow_source: 'flow-source',
  host_pair: 'host-pair',
};

/** How a source group works, in a line: round-robin over tls, UDP 2055. */
export const describeSource = (s: SourceGroup): string =>
  `${modelNames[s.model]}, delivery ${s.delivery}, UDP ${s.listen.join(', ')}`;

export type Summary = {
  units: number;
  active: number;
  received: number;
  stored: number;
  dropped: number;
  rows: number;
  bytes: number;
  behind: number;
};

/** What the whole deployment does. Flows are received by Proxies and stored by Slaves. */
export function summarize(topology: Topology): Summary {
  const s: Summary = { units: 0, active: 0, received: 0, stored: 0, dropped: 0, rows: 0, bytes: 0, behind: 0 };
  for (const { role, status } of topology.units) {
    s.units += 1;
    if (status.state === 'active') s.active += 1;
    if (status.lag !== '0') s.behind += 1;
    if (role === 'proxy' || role === 'standalone') s.received += status.rates.recordsPerSecond;
    if (role === 'slave' || role === 'standalone') {
      s.stored += status.rates.keptPerSecond;
      s.rows += Number(status.storeRows);
      s.bytes += Number(status.storeBytes);
    }
    s.dropped += status.rates.droppedPerSecond;
  }
  return s;
}

/** Why a unit is not active: its own reason, and failing checks that it does not name already. */
export function reasonsOf({ status }: Unit): string[] {
  const checks = status.checks.filter((c) => !c.ok && !(c.reason && status.reason.includes(c.reason)));
  return [status.reason, ...checks.map((c) => `${c.name}: ${c.reason || 'fails'}`)].filter(Boolean);
}

/** Units that are in trouble, in one sentence; the reason only when it is one unit's. */
export function troubles(units: readonly Unit[]): string | undefined {
  const bad = units.filter((u) => u.status.state === 'lost' || u.status.state === 'degraded');
  const [first] = bad;
  if (!first) return undefined;
  if (bad.length === 1) {
    const why = reasonsOf(first).join('; ');
    return `${first.name} is ${first.status.state}${why ? ` (${why})` : ''}`;
  }
  const of = (state: string) => bad.filter((u) => u.status.state === state).map((u) => u.name);
  const parts = ['lost', 'degraded'].flatMap((state) => (of(state).length > 0 ? [`${state}: ${of(state).join(', ')}`] : []));
  return `${bad.length} units are in trouble. ${parts.join('; ').replace(/^./, (c) => c.toUpperCase())}`;
}
