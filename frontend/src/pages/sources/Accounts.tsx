import { Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconArrowRight, IconCircleCheckFilled } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import { exact } from '../../format/numbers';
import { balanceOf, droppedOf, type Balance, type Books, type Entry, type EntryDrop, type UnitLedger } from './ledger';
import styles from './sources.module.css';
import { hopOf, reasonOf } from './words';

type Props = {
  label: string;
  books: Books;
  units: readonly UnitLedger[];
  /** Lines before the accounts of the first unit. */
  before?: ReactNode;
  /** Lines after the accounts of a unit. */
  after?: (unit: UnitLedger) => ReactNode;
  /** Without the words that a narrow place has no room for. */
  isNarrow?: boolean;
};

/** The accounts of units, a line per hop and kind, each with its balance. */
export function Accounts({ label, books, units, before, after, isNarrow = false }: Props) {
  return (
    <div className={`scroll ${styles.accounts}`} data-narrow={isNarrow || undefined} tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Hop</th>
            <th scope="col" className="num">Received</th>
            <th scope="col" className="num">Kept</th>
            <th scope="col" className={styles.keptAs}>
              <span className="hidden">How it was kept</span>
            </th>
            <th scope="col">Dropped</th>
            <th scope="col" className="num">Under way</th>
            <th scope="col" className={styles.balance}>Balance</th>
          </tr>
        </thead>
        <tbody>
          {before}
          {units.map((u) => (
            <Fragment key={u.unit}>
              <tr className={styles.unitRow}>
                <th scope="rowgroup" colSpan={7}>
                  {u.name || u.unit}
                  {u.error !== '' && <span className={styles.unitError}>does not tell: {u.error}</span>}
                </th>
              </tr>
              {u.entries.map((e) => (
                <AccountRow key={`${e.hop} ${e.kind} ${e.domain}`} entry={e} balance={balanceOf(books, u.unit, e)} />
              ))}
              {u.error === '' && u.entries.length === 0 && (
                <tr>
                  <td colSpan={7} className="dim">
                    Nothing received since it started
                  </td>
                </tr>
              )}
              {after?.(u)}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AccountRow({ entry, balance }: { entry: Entry; balance: Balance }) {
  const { stage, kept } = hopOf(entry.hop, entry.kind);
  return (
    <tr>
      <td>
        {stage} <span className="dim">{entry.kind}{entry.domain !== '0' && `, domain ${entry.domain}`}</span>
      </td>
      <td className="num">{exact(entry.received)}</td>
      <td className="num">{exact(entry.kept)}</td>
      <td className={styles.keptAs}>{kept}</td>
      <td>{entry.dropped.length === 0 ? '0' : <Drops drops={entry.dropped} total={droppedOf(entry)} />}</td>
      <td className="num">{exact(balance.underWay)}</td>
      <td className={styles.balance}>
        <BalanceSign unexplained={balance.unexplained} />
      </td>
    </tr>
  );
}

export function Drops({ drops, total }: { drops: readonly EntryDrop[]; total: number }) {
  return (
    <span className={styles.dropList}>
      <strong data-alarm>{exact(total)}</strong>
      {drops.map((d) => (
        <Tooltip key={d.reason} label={reasonOf(d.reason).help} multiline maw={320} disabled={reasonOf(d.reason).help === ''}>
          <span className={styles.chip} tabIndex={0}>
            {drops.length > 1 && exact(d.count)} {reasonOf(d.reason).name}
          </span>
        </Tooltip>
      ))}
    </span>
  );
}

/** Whether everything is explained: a shape, words and a colour. */
export function BalanceSign({ unexplained, whole = 'balances' }: Pick<Balance, 'unexplained'> & { whole?: string }) {
  if (unexplained === 0) {
    return (
      <span className={styles.balanced}>
        <IconCircleCheckFilled size={14} aria-hidden /> <span>{whole}</span>
      </span>
    );
  }
  return (
    <span className={styles.unbalanced}>
      <IconAlertTriangle size={14} aria-hidden />
      {unexplained > 0 ? `${exact(unexplained)} not accounted for` : `${exact(-unexplained)} accounted for twice`}
    </span>
  );
}

/** A line between units: what one sent to the next. */
export function SentRow({ name, sent, unit, arrived }: { name: string; sent: number; unit: string; arrived: number | undefined }) {
  return (
    <tr className={styles.sentRow}>
      <td>
        <IconArrowRight size={13} aria-hidden /> to {name} <span className="dim">{unit}</span>
      </td>
      <td className="num" />
      <td className="num">{exact(sent)}</td>
      <td className={styles.keptAs}>sent</td>
      <td colSpan={3} className="dim">
        {arrived === undefined ? '' : arrived >= sent ? 'all arrived' : `${exact(sent - arrived)} have not arrived yet`}
      </td>
    </tr>
  );
}
