import { SmallTable } from '../../../components/SmallTable';
import { exact } from '../../../format/numbers';
import { sum } from '../../../lists';
import { reasonOf } from '../../../format/words';
import type { Copies } from './useSourceGroup';

type Props = { label: string; /** Undefined while they are asked for. */ copies: readonly Copies[] | undefined };

/** Export packets that were copied, by the unit that copies. */
export function CopyCounts({ label, copies }: Props) {
  if (!copies) return null;
  if (copies.length === 0) return <p className="dim">Nothing copied yet.</p>;
  return (
    <SmallTable label={label} heads={[['Copied by'], ['Chosen', 'num'], ['Sent', 'num'], ['Dropped', 'num']]}>
      {copies.map((c) => {
        const dropped = sum(c.dropped, (d) => Number(d.count));
        return (
          <tr key={c.unitName}>
            <td>{c.unitName}</td>
            <td className="num">{exact(c.received)}</td>
            <td className="num">{exact(c.kept)}</td>
            <td className="num" data-alarm={dropped > 0 || undefined} title={c.dropped.map((d) => reasonOf(d.reason).help).join(' ')}>
              {exact(dropped)}
              {dropped > 0 && ` ${c.dropped.map((d) => reasonOf(d.reason).name).join(', ')}`}
            </td>
          </tr>
        );
      })}
    </SmallTable>
  );
}
