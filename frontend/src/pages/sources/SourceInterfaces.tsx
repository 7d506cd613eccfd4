import { SmallTable } from '../../components/SmallTable';
import { exact, percent, si, volume } from '../../format/numbers';
import { ago } from '../../format/times';
import { ratesOf, typeName, type Reports } from './interfaces';
import styles from './sources.module.css';

/** What the counter samples of sFlow reported last, with rates as soon as there are two reports. */
export function SourceInterfaces({ interfaces, now }: { interfaces: readonly Reports[]; now: number }) {
  const sorted = [...interfaces].sort((a, b) => Number(a.newest.index) - Number(b.newest.index));
  return (
    <SmallTable
      label="Interface counters"
      heads={[
        ['ifIndex', 'num'], ['Kind'], ['State'], ['Speed', 'num'], ['In', 'num'], ['Out', 'num'], ['Dropped in', 'num'], ['Dropped out', 'num'],
        ['Octets in', 'num'], ['Octets out', 'num'], ['Packets in', 'num'], ['Packets out', 'num'], ['Reported', 'num'],
      ]}
    >
      {sorted.map((reports) => (
        <Row key={reports.newest.index} reports={reports} now={now} />
      ))}
    </SmallTable>
  );
}

function Row({ reports, now }: { reports: Reports; now: number }) {
  const { newest: i } = reports;
  const rates = ratesOf(reports);
  return (
    <tr>
      <td className="num">{i.index}</td>
      <td>{typeName(i.type)}</td>
      <td className={i.isUp ? styles.up : 'dim'}>{i.isUp ? 'up' : 'down'}</td>
      <td className="num">{i.speed === '0' ? '–' : si(Number(i.speed), 'bit/s')}</td>
      <Load bits={rates?.inBits} speed={i.speed} />
      <Load bits={rates?.outBits} speed={i.speed} />
      <td className="num" data-alarm={i.inDropped !== '0' || undefined}>{exact(i.inDropped)}</td>
      <td className="num" data-alarm={i.outDropped !== '0' || undefined}>{exact(i.outDropped)}</td>
      <td className="num" title={exact(i.inOctets)}>{volume('bytes', Number(i.inOctets))}</td>
      <td className="num" title={exact(i.outOctets)}>{volume('bytes', Number(i.outOctets))}</td>
      <td className="num" title={exact(i.inPackets)}>{si(Number(i.inPackets))}</td>
      <td className="num" title={exact(i.outPackets)}>{si(Number(i.outPackets))}</td>
      <td className="num">{i.seen ? ago(Date.parse(i.seen), now) : 'never'}</td>
    </tr>
  );
}

/** A rate, and its share of what the interface can carry. */
function Load({ bits, speed }: { bits: number | undefined; speed: string }) {
  if (bits === undefined) return <td className="num dim" title="Told after the second report">–</td>;
  return (
    <td className="num">
      {si(bits, 'bit/s')} {speed !== '0' && <span className="dim">{percent(bits, Number(speed))}</span>}
    </td>
  );
}
