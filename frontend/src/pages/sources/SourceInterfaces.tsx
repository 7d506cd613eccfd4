import { exact, si, volume } from '../../format/numbers';
import { ago } from '../../format/times';
import type { SourceDetailQuery } from '../../graphql/generated/graphql';
import { Small } from './FactTables';

type Interface = SourceDetailQuery['sources']['sources'][number]['interfaces'][number];

/** What the counter samples of sFlow reported last. */
export function SourceInterfaces({ interfaces, now }: { interfaces: readonly Interface[]; now: number }) {
  return (
    <Small
      label="Interface counters"
      heads={[
        ['Interface', 'num'], ['State'], ['Speed', 'num'], ['Octets in', 'num'], ['Octets out', 'num'], ['Packets in', 'num'],
        ['Packets out', 'num'], ['Dropped in', 'num'], ['Dropped out', 'num'], ['Reported', 'num'],
      ]}
    >
      {interfaces.map((i) => (
        <tr key={i.index}>
          <td className="num">{i.index}</td>
          <td>{i.isUp ? 'up' : 'down'}</td>
          <td className="num">{i.speed === '0' ? '–' : si(Number(i.speed), 'bit/s')}</td>
          <td className="num" title={exact(i.inOctets)}>{volume('bytes', Number(i.inOctets))}</td>
          <td className="num" title={exact(i.outOctets)}>{volume('bytes', Number(i.outOctets))}</td>
          <td className="num" title={exact(i.inPackets)}>{si(Number(i.inPackets))}</td>
          <td className="num" title={exact(i.outPackets)}>{si(Number(i.outPackets))}</td>
          <td className="num" data-alarm={i.inDropped !== '0' || undefined}>{exact(i.inDropped)}</td>
          <td className="num" data-alarm={i.outDropped !== '0' || undefined}>{exact(i.outDropped)}</td>
          <td className="num">{i.seen ? ago(Date.parse(i.seen), now) : 'never'}</td>
        </tr>
      ))}
    </Small>
  );
}
