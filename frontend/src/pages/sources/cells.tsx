/** What the columns of the table show of an exporter. */
import { Tooltip } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { exact, percent, si } from '../../format/numbers';
import { ago, span } from '../../format/times';
import { originOf, protocolName, reasonOf } from '../../format/words';
import type { Exporter } from './exporters';
import type { Column } from './select';
import { lossShare } from './source';
import styles from './sources.module.css';
import { ToneMark } from './ToneMark';

export type ShownColumn = {
  id: Column;
  label: string;
  /** Pixels at least, and the share of what is left. */
  width: readonly [least: number, share: number];
  num?: boolean;
  /** Shown beside an open source as well. */
  always?: boolean;
  cell: (exporter: Exporter, now: number) => ReactNode;
};

const allColumns: readonly ShownColumn[] = [
  { id: 'health', label: 'Health', width: [66, 0], always: true, cell: (e) => <ToneMark tone={e.tone} /> },
  { id: 'exporter', label: 'Exporter', width: [114, 1.4], always: true, cell: (e) => <ExporterName exporter={e} /> },
  { id: 'name', label: 'Name', width: [90, 1.2], always: true, cell: (e) => e.name || <None /> },
  { id: 'group', label: 'Source group', width: [92, 1], cell: (e) => e.group || <None /> },
  { id: 'protocol', label: 'Protocol', width: [88, 1], cell: (e) => e.protocols.map(protocolName).join(', ') || <None /> },
  { id: 'seen', label: 'Last seen', width: [78, 0], num: true, cell: (e, now) => (e.lastSeen ? ago(e.lastSeen, now) : 'never') },
  { id: 'records', label: 'Records/s', width: [82, 0], num: true, always: true, cell: (e) => si(e.recordsPerSecond) },
  { id: 'packets', label: 'Packets/s', width: [82, 0], num: true, cell: (e) => si(e.packetsPerSecond) },
  { id: 'sampling', label: 'Sampling', width: [134, 1], cell: (e) => <Sampling exporter={e} /> },
  { id: 'loss', label: 'Lost', width: [116, 1.4], num: true, always: true, cell: (e) => <Loss exporter={e} /> },
  { id: 'skew', label: 'Clock', width: [74, 0], num: true, cell: (e) => <Clock exporter={e} /> },
  { id: 'templates', label: 'Templates', width: [80, 0], num: true, cell: (e) => <Templates exporter={e} /> },
  { id: 'drops', label: 'Dropped', width: [96, 1.2], num: true, always: true, cell: (e) => <Dropped exporter={e} /> },
];

/** The columns that fit: all of them, or those that tell sources apart beside an open one. */
export const shownColumns = (isNarrow: boolean): readonly ShownColumn[] => (isNarrow ? allColumns.filter((c) => c.always) : allColumns);

/** The columns as grid tracks, and how wide they are together at least. */
export function tracks(columns: readonly ShownColumn[]): { gridTemplateColumns: string; minWidth: number } {
  const track = ([least, share]: ShownColumn['width']) => (share === 0 ? `${least}px` : `minmax(${least}px, ${share}fr)`);
  return { gridTemplateColumns: columns.map((c) => track(c.width)).join(' '), minWidth: columns.reduce((w, c) => w + c.width[0], 0) };
}

const None = () => <span className="dim">–</span>;

function ExporterName({ exporter }: { exporter: Exporter }) {
  const domains = new Set(exporter.leading.map((s) => s.domain)).size;
  const ports = [...new Set(exporter.leading.flatMap((s) => s.port ?? []))];
  return (
    <span>
      <span className={styles.address}>{exporter.address}</span>
      {ports.length === 1 && <span>:{ports[0]}</span>}
      {ports.length > 1 && <span className={styles.extra}>{ports.length} ports</span>}
      {domains > 1 && <span className={styles.extra}>{domains} domains</span>}
    </span>
  );
}

/** A value that needs a look: never by colour alone. */
function Marked({ children, help }: { children: ReactNode; help: string }) {
  return (
    <Tooltip label={help} multiline maw={320}>
      <span className={styles.marked}>
        <IconAlertTriangle size={13} aria-hidden /> {children}
      </span>
    </Tooltip>
  );
}

function Sampling({ exporter: { sampling } }: { exporter: Exporter }) {
  const origin = originOf(sampling.origin);
  if (!origin) return <None />;
  if (sampling.origin === 'unknown' || sampling.rate === '0') return <Marked help={origin.long}>unknown</Marked>;
  const others = sampling.rates.filter((r) => r !== sampling.rate).length;
  return (
    <span title={origin.long}>
      1:{exact(sampling.rate)}
      {others > 0 && ` +${others}`} <span className="dim">{origin.short}</span>
    </span>
  );
}

function Loss({ exporter: { loss, lostPerSecond } }: { exporter: Exporter }) {
  if (!loss) return <None />;
  const title = `${exact(loss.lost)} of ${exact(loss.expected)} ${loss.unit} (${protocolName(loss.protocol)}); ${exact(loss.reordered)} reordered, ${exact(loss.duplicates)} duplicates, ${exact(loss.resets)} resets`;
  const signs = [Number(loss.resets) > 0 && (loss.resets === '1' ? '1 reset' : `${si(Number(loss.resets))} resets`), Number(loss.reordered) > 0 && `${si(Number(loss.reordered))} reordered`];
  return (
    <span title={title} data-alarm={lossShare(loss) >= 0.0005 || undefined}>
      <Lately rate={lostPerSecond} />
      {loss.lost === '0' ? '0' : `${percent(Number(loss.lost), Number(loss.expected))} · ${si(Number(loss.lost))} ${loss.unit}`}
      {signs.some(Boolean) && <span className={styles.extra}>{signs.filter(Boolean).join(', ')}</span>}
    </span>
  );
}

/** What goes on at the moment stands before what has been since the start. */
const Lately = ({ rate }: { rate: number }) => rate > 0 && <strong title="Mean of the last 5 minutes">{si(rate)}/s · </strong>;

/** How far the clock is off, with its sign: +1.2 s is ahead. */
export function skewText(ms: string): string {
  const skew = Number(ms);
  if (skew === 0) return '0 ms';
  return `${skew < 0 ? '−' : '+'}${Math.abs(skew) < 100_000 && Math.abs(skew) >= 1000 ? `${(Math.abs(skew) / 1000).toFixed(1)} s` : span(Math.abs(skew))}`;
}

function Clock({ exporter: { clock } }: { exporter: Exporter }) {
  if (!clock) return <None />;
  if (!clock.isSkewed) return skewText(clock.skewMs);
  return <Marked help="Too far off: flows are placed by their arrival">{skewText(clock.skewMs)}</Marked>;
}

function Templates({ exporter: { templates, protocols } }: { exporter: Exporter }) {
  if (templates.isFlapping) return <Marked help="They change to and fro: several exporters behind one address">{exact(templates.count)}</Marked>;
  return templates.count === 0 && !protocols.some((p) => p === 'netflow9' || p === 'ipfix') ? <None /> : exact(templates.count);
}

function Dropped({ exporter: { drops, dropped, droppedPerSecond } }: { exporter: Exporter }) {
  if (dropped === 0) return '0';
  const reasons = [...new Set(drops.map((d) => reasonOf(d.reason).name))];
  const title = drops.map((d) => `${exact(d.count)} ${d.kind} at ${d.unitName}: ${reasonOf(d.reason).name}`).join('\n');
  return (
    <span title={title} data-alarm>
      <Lately rate={droppedPerSecond} />
      {si(dropped)} <span className={styles.reason}>{reasons.slice(0, 1).join()}{reasons.length > 1 && ` +${reasons.length - 1}`}</span>
    </span>
  );
}
