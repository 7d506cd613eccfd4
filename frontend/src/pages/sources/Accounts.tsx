import { Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconArrowRight, IconCircleCheckFilled, IconCopy } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import { exact } from '../../format/numbers';
import { hopOf, kindOf, reasonOf } from '../../format/words';
import { balanceOf, droppedOf, type Balance, type Books, type Delivery, type Entry, type EntryDrop, type UnitLedger } from './ledger';
import styles from './sources.module.css';

type Props = {
  label: string;
  books: Books;
  units: readonly UnitLedger[];
  /** Lines before the accounts of the first unit. */
  before?: ReactNode;
  /** Lines after one account of a unit. */
  afterEntry?: (unit: UnitLedger, entry: Entry) => ReactNode;
  /** Lines after the accounts of a unit. */
  after?: (unit: UnitLedger) => ReactNode;
  /** Without the words that a narrow place has no room for. */
  isNarrow?: boolean;
};

/** The accounts of units, a line per hop and kind, each with its balance. */
export function Accounts({ label, books, units, before, afterEntry, after, isNarrow = false }: Props) {
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
            <th scope="col">Balance</th>
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
                <Fragment key={`${e.hop} ${e.kind} ${e.domain}`}>
                  <AccountRow entry={e} balance={balanceOf(books, u.unit, e)} />
                  {afterEntry?.(u, e)}
                </Fragment>
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
        {stage} <span className="dim">{kindOf(entry.kind)}{entry.domain !== '0' && `, domain ${entry.domain}`}</span>
      </td>
      <td className="num">{exact(entry.received)}</td>
      <td className="num">{exact(entry.kept)}</td>
      <td className={styles.keptAs}>{kept}</td>
      <td>{entry.dropped.length === 0 ? '0' : <Drops drops={entry.dropped} total={droppedOf(entry)} />}</td>
      <td className="num">{exact(balance.underWay)}</td>
      <td>
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

/** A part of what a unit received: what came to one of its ports. */
export function PortRow({ port }: { port: UnitLedger['ports'][number] }) {
  return (
    <tr className={styles.partRow}>
      <td>on UDP {port.port}</td>
      <td className="num">{exact(port.received)}</td>
      <td className="num">{exact(port.kept)}</td>
      <td className={styles.keptAs} />
      <td>{port.dropped.length === 0 ? '0' : <Drops drops={port.dropped} total={droppedOf(port)} />}</td>
      <td className="num">{exact(port.missing)}</td>
      <td />
    </tr>
  );
}

/** What a unit copied to another collector, or to its twin. */
export function CopyRow({ copy }: { copy: UnitLedger['forwarded'][number] }) {
  const underWay = Number(copy.received) - Number(copy.kept) - droppedOf(copy);
  return (
    <tr className={styles.partRow}>
      <td>
        <IconCopy size={13} aria-hidden /> copied to {copy.twin ? 'twin ' : ''}
        {copy.target} <span className="dim">packets</span>
      </td>
      <td className="num">{exact(copy.received)}</td>
      <td className="num">{exact(copy.kept)}</td>
      <td className={styles.keptAs}>{copy.twin ? 'acknowledged' : 'sent'}</td>
      <td>{copy.dropped.length === 0 ? '0' : <Drops drops={copy.dropped} total={droppedOf(copy)} />}</td>
      <td className="num">{exact(underWay)}</td>
      <td />
    </tr>
  );
}

type SentProps = { name: string; sent: number; unit: string } & Partial<Pick<Delivery, 'arrived' | 'dropped'>>;

/** A line between units: what one sent to the next, and what did not get that far. */
export function SentRow({ name, sent, unit, arrived, dropped = [] }: SentProps) {
  return (
    <tr className={styles.partRow}>
      <td>
        <IconArrowRight size={13} aria-hidden /> to {name} <span className="dim">{unit}</span>
      </td>
      <td className="num" />
      <td className="num">{exact(sent)}</td>
      <td className={styles.keptAs}>sent</td>
      <td>
        {unit === 'packets' && dropped.length === 0 && '0'}
        {dropped.map(({ kind, drops }) => (
          <span key={kind} className={styles.sentDrops}>
            <Drops drops={drops} total={droppedOf({ dropped: [...drops] })} /> {kind}
          </span>
        ))}
      </td>
      <td colSpan={2} className="dim">
        {arrived === undefined ? '' : arrived >= sent ? 'all arrived' : `${exact(sent - arrived)} have not arrived yet`}
      </td>
    </tr>
  );
}
