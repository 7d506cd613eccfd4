import { IconCircleCheckFilled, IconCircleXFilled, IconLoader2 } from '@tabler/icons-react';
import { Chip } from '../../components/Chip';
import { Heads } from '../../components/Heads';
import { ToneBadge, type Look } from '../../components/ToneBadge';
import { ago, dateTime } from '../../format/times';
import { usePreferences } from '../../preferences';
import { followed, nameOf, waiting, type Action } from './actions';
import styles from './actions.module.css';

const looks: Record<Action['state'], Look> = {
  done: { icon: IconCircleCheckFilled, tone: 'ok' },
  pending: { icon: IconLoader2, tone: 'idle' },
  failed: { icon: IconCircleXFilled, tone: 'bad' },
};

/** Changes, the newest first; under each what its units have not done. */
export function ActionsTable({ actions, now }: { actions: readonly Action[]; now: number }) {
  const { zone } = usePreferences();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Changes and their units">
      <table className="table">
        <Heads of={[['Revision', 'num'], ['When'], ['Who'], ['Change'], ['State'], ['Followed by'], ['Not yet']]} />
        <tbody>
          {actions.map((a) => (
            <tr key={a.id}>
              <td className="num">{a.revision}</td>
              <td title={ago(Date.parse(a.time), now)}>{dateTime(Date.parse(a.time), zone)}</td>
              <td>{a.actor}</td>
              <td className={styles.summary}>{a.summary}</td>
              <td>
                <ToneBadge look={looks[a.state]} word={a.state === 'pending' ? 'not confirmed' : a.state} />
              </td>
              <td title={a.units.map(nameOf).join(', ')}>{followed(a)}</td>
              <td className={styles.summary}>
                <span className={styles.units}>
                  {waiting(a).map((u) => (
                    <Chip key={u.unit} tone={u.state === 'failed' ? 'bad' : 'idle'}>
                      {nameOf(u)}
                      {u.message && `: ${u.message}`}
                    </Chip>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
