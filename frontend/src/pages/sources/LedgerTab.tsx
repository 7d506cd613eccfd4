import { Skeleton, Switch } from '@mantine/core';
import { useRef } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Heads } from '../../components/Heads';
import { ListBar } from '../../components/ListBar';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Strip } from '../../components/Strip';
import { exact, si } from '../../format/numbers';
import { hopOf, reasonOf } from '../../format/words';
import { Accounts, BalanceSign, CopyRow, PortRow, SentRow } from './Accounts';
import { deliveriesOf, inFlowOrder, isTroubled, lossesOf, selectUnits, totalsOf, type Books, type Totals, type UnitLedger } from './ledger';
import styles from './sources.module.css';
import type { View } from './url';
import { useLedger } from './useSources';

type Props = { view: View; change: (part: Partial<View>) => void };

/** The books of the deployment: every packet and record, unit by unit. */
export function LedgerTab(props: Props) {
  const { data, error, isPending, refetch } = useLedger();
  if (isPending) {
    return (
      <div role="status" aria-label="Loading the ledger" className={styles.page}>
        <Skeleton height={300} />
      </div>
    );
  }
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The ledger could not be read" />;
  if (data.units.length === 0) return <Empty title="No unit keeps accounts yet">They begin when a Proxy or a Slave has joined.</Empty>;
  return <Ledger books={data} stale={error !== null} {...props} />;
}

function Ledger({ books, stale, view, change }: Props & { books: Books; stale: boolean }) {
  const silent = books.units.filter((u) => u.error !== '');
  return (
    <div className={styles.ledger}>
      {stale && <Notice>The Master does not answer; this is what it said last.</Notice>}
      {silent.length > 0 && (
        <Notice>
          <strong>The books are not complete.</strong> Missing are the accounts of {silent.map((u) => `${u.name} (${u.error})`).join(', ')}.
        </Notice>
      )}
      <Statement totals={totalsOf(books)} isWhole={silent.length === 0} />
      <section className="panel" aria-label="Accounts">
        <h2 className="panelTitle">
          By unit and hop <span className={styles.titleNote}>since each unit started</span>
        </h2>
        <Units books={books} view={view} change={change} />
      </section>
      <Losses units={books.units} />
    </div>
  );
}

function Units({ books, view, change }: Props & { books: Books }) {
  const search = useRef<HTMLInputElement>(null);
  const shown = selectUnits(books, view);
  useShortcuts([
    { keys: '/', run: () => search.current?.focus() },
    { keys: 'p', run: () => change({ problems: !view.problems }) },
  ]);
  return (
    <>
      <ListBar
        label="Accounts"
        noun="unit"
        placeholder="Unit, reason of a loss…"
        text={view.text}
        onText={(text) => change({ text })}
        shown={shown.length}
        all={books.units.length}
        search={search}
      >
        <Switch
          label={`Only with losses (${exact(books.units.filter((u) => isTroubled(books, u)).length)})`}
          checked={view.problems}
          onChange={(e) => change({ problems: e.currentTarget.checked })}
        />
      </ListBar>
      {shown.length === 0 ? (
        <Empty title={view.problems && view.text === '' ? 'Nothing was lost' : 'No unit matches'} />
      ) : (
        <Accounts
          label="Accounts by unit and hop"
          books={books}
          units={inFlowOrder(shown)}
          afterEntry={(u, e) => e.hop === 'receive' && u.ports.map((p) => <PortRow key={p.port} port={p} />)}
          after={(u) => <SentTo books={books} unit={u} />}
        />
      )}
    </>
  );
}

/** The whole in a line; each account below explains its part. */
function Statement({ totals: t, isWhole }: { totals: Totals; isWhole: boolean }) {
  return (
    <Strip
      label="Statement"
      end={<BalanceSign unexplained={t.unexplained} whole={isWhole ? 'Every account balances' : 'Every account that is known balances'} />}
    >
      <Fact label="Packets received" value={si(t.packets)} title={exact(t.packets)} />
      <Fact label="Records received" value={si(t.records)} title={exact(t.records)} />
      <Fact label="Records stored" value={si(t.stored)} title={exact(t.stored)} />
      <Fact label="Packets dropped" value={si(t.droppedPackets)} title={exact(t.droppedPackets)} alarm={t.droppedPackets > 0} />
      <Fact label="Records dropped" value={si(t.droppedRecords)} title={exact(t.droppedRecords)} alarm={t.droppedRecords > 0} />
      <Fact label="Under way" value={si(t.underWay)} title={exact(t.underWay)} />
    </Strip>
  );
}

function SentTo({ books, unit }: { books: Books; unit: UnitLedger }) {
  return (
    <>
      {deliveriesOf(books, unit).map((d) => (
        <SentRow key={d.name} {...d} unit="packets" />
      ))}
      {unit.forwarded.map((f) => (
        <CopyRow key={f.target} copy={f} />
      ))}
    </>
  );
}

function Losses({ units }: { units: readonly UnitLedger[] }) {
  const losses = lossesOf(units);
  return (
    <section className="panel" aria-label="Losses">
      <h2 className="panelTitle">Dropped by reason</h2>
      {losses.length === 0 ? (
        <Empty title="Nothing was dropped">Since the units started.</Empty>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Dropped by reason">
          <table className="table">
            <Heads of={[['Reason'], ['Dropped', 'num'], ['Where'], ['What it means and what helps']]} />
            <tbody>
              {losses.map((l) => (
                <tr key={`${l.reason} ${l.kind}`}>
                  <td>{reasonOf(l.reason).name}</td>
                  <td className="num">
                    <strong data-alarm>{exact(l.count)}</strong> <span className="dim">{l.kind}</span>
                  </td>
                  <td>{l.where.map((w) => `${w.name}, ${hopOf(w.hop, l.kind).stage.toLowerCase()}: ${exact(w.count)}`).join('; ')}</td>
                  <td className={styles.wrap}>{reasonOf(l.reason).help}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
