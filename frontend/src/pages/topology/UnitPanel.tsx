import { CloseButton } from '@mantine/core';
import { IconCircleCheckFilled, IconCircleXFilled } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Facts } from '../../components/Facts';
import { StateBadge } from '../../components/StateBadge';
import { exact, si, volume } from '../../format/numbers';
import { ago, dateTime, span } from '../../format/times';
import { usePreferences } from '../../preferences';
import { Revision } from './TopologyTable';
import styles from './topology.module.css';
import type { Topology, Unit } from './useTopology';

type Props = { unit: Unit; topology: Topology; now: number; close: () => void };

/** One unit in full: checks with their reasons, counters, addresses. */
export function UnitPanel({ unit, topology, now, close }: Props) {
  const { zone } = usePreferences();
  const { status } = unit;
  const moment = (t: string | null | undefined) => (t ? dateTime(Date.parse(t), zone) : '–');
  return (
    <aside className={`panel ${styles.unitPanel}`} aria-label={`Unit ${unit.name}`}>
      <div className="panelTitle">
        {unit.name} <StateBadge state={status.state} />
        <span className="grow" />
        <CloseButton size="sm" aria-label="Close the unit" onClick={close} />
      </div>
      <div className={styles.unitBody}>
        {status.reason && <p className={styles.unitReason}>{status.reason}</p>}
        <h3>Checks</h3>
        <Checks unit={unit} />
        <h3>Unit</h3>
        <Facts
          rows={[
            ['Role', unit.role],
            ...(unit.role === 'master' ? [] : [['Proxy group', placeOf(unit, topology)] as const]),
            ['Revision', <Revision key="r" applied={status.applied} lag={status.lag} revision={topology.revision} />],
            ['Control', <code key="c">{unit.control}</code>],
            ['Query', <code key="q">{unit.query}</code>],
            ['Joined', moment(unit.joined)],
            ['Started', status.started ? `${moment(status.started)} (${span(Math.max(0, now - Date.parse(status.started)))})` : '–'],
            ['Last heard', status.lastSeen ? ago(Date.parse(status.lastSeen), now) : 'never'],
            ['Version', status.version || '–'],
            ['Memory', volume('bytes', Number(status.memoryBytes))],
            ['ID', <code key="i">{unit.id}</code>],
          ]}
        />
        {unit.role !== 'master' && <Counters unit={unit} />}
        {(unit.role === 'slave' || unit.role === 'standalone') && (
          <>
            <h3>Store</h3>
            <Facts
              rows={[
                ['Flows', exact(status.storeRows)],
                ['Size', volume('bytes', Number(status.storeBytes))],
                ['Free', volume('bytes', Number(status.storeFreeBytes))],
                ['Oldest', moment(status.oldest)],
                ['Newest', moment(status.newest)],
              ]}
            />
          </>
        )}
        <Links unit={unit} />
      </div>
    </aside>
  );
}

/** Where else this unit has a say. */
function Links({ unit: { name, role } }: { unit: Unit }) {
  return (
    <p className={styles.links}>
      {(role === 'proxy' || role === 'standalone') && (
        <Link to="/sources" search={{ q: name }}>
          Its exporters
        </Link>
      )}
      {role !== 'master' && (
        <Link to="/sources" search={{ tab: 'ledger', q: name }}>
          Its account
        </Link>
      )}
      <Link to="/actions" search={{ q: name }}>
        Changes
      </Link>
    </p>
  );
}

/** The proxy group that a unit works in: london-1 of london, weight 2. */
function placeOf(unit: Unit, { proxyGroups, sourceGroups }: Topology): string {
  const group = proxyGroups.find((g) => g.proxy.id === unit.id || g.slaves.some((s) => s.unit.id === unit.id));
  if (!group) return '–';
  const source = sourceGroups.find((s) => s.id === group.sourceGroup?.id);
  const member = group.slaves.find((s) => s.unit.id === unit.id);
  return `${group.name} of ${source?.name ?? 'no source group'}, ${member ? `weight ${member.weight}` : `priority ${group.priority}`}`;
}

function Checks({ unit }: { unit: Unit }) {
  if (unit.status.checks.length === 0) return <p className="dim">No checks reported</p>;
  return (
    <ul className={styles.checks}>
      {unit.status.checks.map((c) => (
        <li key={c.name} data-ok={c.ok}>
          {c.ok ? <IconCircleCheckFilled size={14} aria-label="good" /> : <IconCircleXFilled size={14} aria-label="failing" />}
          <span>
            {c.name}
            {!c.ok && c.reason && <span className={styles.checkReason}>{c.reason}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Counters({ unit }: { unit: Unit }) {
  const { rates } = unit.status;
  const line = (name: string, rate: number | undefined, total: string): [string, ReactNode] => [
    name,
    <>
      {rate === undefined ? '' : `${si(rate)}/s · `}
      {exact(total)}
    </>,
  ];
  return (
    <>
      <h3>Rate and total since start</h3>
      <Facts
        rows={[
          line('Packets in', rates.packetsPerSecond, rates.packets),
          line('Records in', rates.recordsPerSecond, rates.records),
          line(unit.role === 'proxy' ? 'Sent on' : 'Stored', rates.keptPerSecond, rates.kept),
          line('Dropped', rates.droppedPerSecond, rates.dropped),
        ]}
      />
    </>
  );
}
