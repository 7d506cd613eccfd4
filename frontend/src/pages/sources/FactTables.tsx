/** The facts of one exporter as small tables, a line per unit and domain. */
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Head } from '../../components/Heads';
import { SmallTable } from '../../components/SmallTable';
import { exact, percent } from '../../format/numbers';
import { hopOf, originOf, protocolName, reasonOf } from '../../format/words';
import { skewText } from './cells';
import { lossShare, placeOf, type Drop, type Source } from './source';
import styles from './sources.module.css';

/** Whether lines must say of which unit and domain they are. */
export const placed = (sources: readonly Source[]): Head | false => sources.length > 1 && ['Seen by'];

export const Place = ({ of, among }: { of: Source; among: readonly Source[] }) =>
  among.length > 1 && <td>{placeOf(of, among)}</td>;

export function Warned({ children }: { children: ReactNode }) {
  return (
    <span className={styles.marked}>
      <IconAlertTriangle size={13} aria-hidden /> {children}
    </span>
  );
}

export function SamplingTable({ sources }: { sources: readonly Source[] }) {
  return (
    <SmallTable label="Sampling by unit and domain" heads={[placed(sources), ['Rate'], ['Origin'], ['Rates lately'], ['Unscaled records', 'num']]}>
      {sources.map((s) => (
        <tr key={s.id}>
          <Place of={s} among={sources} />
          <td>{s.sampling.rate === '0' ? s.sampling.origin === '' ? '–' : <Warned>unknown</Warned> : `1:${exact(s.sampling.rate)}`}</td>
          <td>{originOf(s.sampling.origin)?.long ?? 'no records yet'}</td>
          <td>{s.sampling.rates.map((r) => (r === '0' ? 'unknown' : `1:${exact(r)}`)).join(', ') || '–'}</td>
          <td className="num">{s.sampling.unscaled === '0' ? '0' : <Warned>{exact(s.sampling.unscaled)}</Warned>}</td>
        </tr>
      ))}
    </SmallTable>
  );
}

export function SequenceTable({ sources }: { sources: readonly Source[] }) {
  const lines = sources.flatMap((s) => s.sequences.map((q) => ({ s, q })));
  if (lines.length === 0) return <p className="dim">No sequence numbers in what it sends.</p>;
  return (
    <SmallTable
      label="Sequence numbers by unit and domain"
      heads={[
        placed(sources), ['Counts'], ['Lost', 'num'], ['Expected', 'num'], ['Received', 'num'], ['Reordered', 'num'], ['Duplicates', 'num'], ['Resets', 'num'],
      ]}
    >
      {lines.map(({ s, q }) => (
        <tr key={`${s.id} ${q.protocol} ${q.unit}`}>
          <Place of={s} among={sources} />
          <td>
            {protocolName(q.protocol)} {q.unit}
          </td>
          <td className="num" data-alarm={lossShare(q) >= 0.0005 || undefined}>
            {exact(q.lost)}
            {q.lost !== '0' && ` (${percent(Number(q.lost), Number(q.expected))})`}
          </td>
          <td className="num">{exact(q.expected)}</td>
          <td className="num">{exact(q.received)}</td>
          <td className="num">{exact(q.reordered)}</td>
          <td className="num">{exact(q.duplicates)}</td>
          <td className="num">{exact(q.resets)}</td>
        </tr>
      ))}
    </SmallTable>
  );
}

export function ClockTable({ sources }: { sources: readonly Source[] }) {
  const told = sources.filter((s) => s.protocols.some((p) => p !== 'sflow5'));
  if (told.length === 0) return <p className="dim">sFlow tells no export time.</p>;
  return (
    <SmallTable label="Clock by unit and domain" heads={[placed(sources), ['Ahead of the unit by'], ['Packets placed by their arrival', 'num']]}>
      {told.map((s) => (
        <tr key={s.id}>
          <Place of={s} among={sources} />
          <td>{s.clock.isSkewed ? <Warned>{skewText(s.clock.skewMs)}</Warned> : skewText(s.clock.skewMs)}</td>
          <td className="num">{exact(s.clock.skewedPackets)}</td>
        </tr>
      ))}
    </SmallTable>
  );
}

export function DropTable({ drops }: { drops: readonly Drop[] }) {
  if (drops.length === 0) return <p className="dim">Nothing since the units started.</p>;
  return (
    <SmallTable label="Drops by unit and reason" heads={[['Unit'], ['Hop'], ['Reason'], ['Dropped', 'num']]}>
      {drops.map((d) => (
        <tr key={`${d.unitName} ${d.hop} ${d.kind} ${d.reason}`}>
          <td>{d.unitName}</td>
          <td>{hopOf(d.hop, d.kind).stage}</td>
          <td title={reasonOf(d.reason).help}>{reasonOf(d.reason).name}</td>
          <td className="num" data-alarm>
            {exact(d.count)} {d.kind}
          </td>
        </tr>
      ))}
    </SmallTable>
  );
}
