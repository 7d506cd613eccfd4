import { Skeleton } from '@mantine/core';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { exact } from '../../format/numbers';
import { protocolName } from '../../format/words';
import { Accounts, BalanceSign, SentRow } from './Accounts';
import type { Exporter } from './exporters';
import { lastingGap, totalsOf, type UnitLedger } from './ledger';
import type { Source } from './source';
import styles from './sources.module.css';
import { useSourceLedger } from './useSources';

/** The way of one exporter's packets and records through the deployment, hop by hop. */
export function SourceAccount({ exporter }: { exporter: Exporter }) {
  const { data, error, isPending, refetch } = useSourceLedger(exporter);
  if (isPending) return <Skeleton height={160} />;
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The account could not be read" />;
  const { books, gaps, missing } = data;
  const between = lastingGap(gaps, exporter.recordsPerSecond);
  return (
    <>
      {missing.length > 0 && (
        <Notice>The account is not complete: {missing.map((m) => `${m.unitName} (${m.reason})`).join(', ')} did not tell.</Notice>
      )}
      {books.units.length === 0 ? (
        <p className="dim">Nothing received since the units started.</p>
      ) : (
        <>
          <p>
            <BalanceSign unexplained={totalsOf(books).unexplained} whole={missing.length === 0 ? 'Every account balances' : 'Every account that is known balances'} />
          </p>
          <Accounts
            label="Account by unit and hop"
            books={books}
            units={books.units}
            isNarrow
            before={<Expected sources={exporter.leading} />}
            after={(unit) => <SentTo unit={unit} />}
          />
        </>
      )}
      {between !== 0 && (
        <p className={styles.between}>
          {between > 0
            ? `${exact(between)} records were sent by a Proxy a minute ago or more and have not been received by its Slaves.`
            : `Slaves have received ${exact(-between)} records more than their Proxies count as sent: a Proxy was restarted.`}
        </p>
      )}
    </>
  );
}

/** What the exporter says it sent, by its sequence numbers. */
function Expected({ sources }: { sources: readonly Source[] }) {
  return (
    <>
      <tr className={styles.unitRow}>
        <th scope="rowgroup" colSpan={7}>
          Exporter
        </th>
      </tr>
      {sources.flatMap((s) =>
        s.sequences.map((q) => (
          <tr key={`${s.id} ${q.protocol} ${q.unit}`}>
            <td>
              Exported{' '}
              <span className="dim">
                {protocolName(q.protocol)} {q.unit}
                {sources.length > 1 && `, domain ${s.domain}`}
              </span>
            </td>
            <td className="num">{exact(q.expected)}</td>
            <td className="num">{exact(q.received)}</td>
            <td className={styles.keptAs}>arrived</td>
            <td colSpan={3}>
              {q.lost === '0' ? <span className="dim">none lost on the way</span> : <strong data-alarm>{exact(q.lost)} lost on the way</strong>}
            </td>
          </tr>
        )),
      )}
    </>
  );
}

const SentTo = ({ unit }: { unit: UnitLedger }) =>
  unit.sent.map((s) => <SentRow key={s.slave} name={s.name || s.slave} sent={Number(s.records)} unit="records" />);
