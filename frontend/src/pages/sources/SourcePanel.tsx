import { CloseButton } from '@mantine/core';
import { IconChartAreaLine } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { CopyMark } from '../../components/CopyMark';
import { Facts } from '../../components/Facts';
import { PageError } from '../../components/PageError';
import { SmallTable } from '../../components/SmallTable';
import { exact, si, volume } from '../../format/numbers';
import { ago, dateTime } from '../../format/times';
import { sum } from '../../lists';
import { usePreferences } from '../../preferences';
import { protocolName } from '../../format/words';
import type { Exporter } from './exporters';
import { ClockTable, DropTable, SamplingTable, SequenceTable } from './FactTables';
import { keyOf } from './interfaces';
import { Forget, Settings } from './SettingsForm';
import { placeOf, type Source } from './source';
import { SourceAccount } from './SourceAccount';
import { SourceInterfaces } from './SourceInterfaces';
import { SourceTemplates } from './SourceTemplates';
import styles from './sources.module.css';
import { ToneMark } from './ToneMark';
import { useSourceDetail } from './useSources';

type Props = { exporter: Exporter; now: number; close: () => void };

/** One exporter in full, as each unit sees each of its domains. */
export function SourcePanel({ exporter, now, close }: Props) {
  const { address, group, sources } = exporter;
  return (
    <aside className={`panel ${styles.sourcePanel}`} aria-label={`Source ${address}`}>
      <div className="panelTitle">
        <ToneMark tone={exporter.tone} />
        <span className={styles.address}>{address}</span>
        {exporter.name !== '' && <span>{exporter.name}</span>}
        <CopyMark text={address} what="the address" />
        {group !== '' && <span className={styles.titleNote}>{group}</span>}
        <span className="grow" />
        <CloseButton size="sm" aria-label="Close the source" onClick={close} />
      </div>
      <div className={styles.sourceBody} tabIndex={0} role="region" aria-label="Facts of the source">
        <p className={styles.actions}>
          <Link to="/explore" search={{ f: `exporter ${address}`, by: 'srcAddr' }}>
            <IconChartAreaLine size={15} aria-hidden /> Flows of this exporter
          </Link>
        </p>
        <Problems exporter={exporter} />
        <Section title="Traffic" note="since the unit started">
          <Traffic exporter={exporter} now={now} />
        </Section>
        <Section title="Sampling">
          <SamplingTable sources={sources} />
        </Section>
        <Section title="Set by hand">
          <Settings exporter={exporter} />
        </Section>
        <Section title="Sequence loss" note="on the way to the unit, by sequence numbers">
          <SequenceTable sources={sources} />
        </Section>
        <Section title="Clock">
          <ClockTable sources={sources} />
        </Section>
        <Section title="Ledger" note="what became of its packets and records">
          <SourceAccount exporter={exporter} />
        </Section>
        <Section title="Dropped by weir">
          <DropTable drops={exporter.drops} />
        </Section>
        <Announced exporter={exporter} now={now} />
        <Forget exporter={exporter} />
      </div>
    </aside>
  );
}

/** What is asked of an open source only: its templates, and its interfaces if it tells of any. */
function Announced({ exporter, now }: { exporter: Exporter; now: number }) {
  const { data, error, refetch } = useSourceDetail(exporter.address);
  const own = data?.details.filter((d) => exporter.sources.some((s) => s.id === d.id));
  const interfaces = own?.flatMap((d) => d.interfaces.flatMap((i) => data?.reports[keyOf(d, i)] ?? [])) ?? [];
  return (
    <>
      <Section title="Templates">
        {error && !data ? (
          <PageError error={error} retry={() => void refetch()} title="The templates could not be read" />
        ) : (
          <SourceTemplates exporter={exporter} details={own} />
        )}
      </Section>
      {interfaces.length > 0 && (
        <Section title="Interfaces" note="by sFlow counter samples">
          <SourceInterfaces interfaces={interfaces} now={now} />
        </Section>
      )}
    </>
  );
}

function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section aria-label={title} className={styles.section}>
      <h3>
        {title} {note && <span className={styles.titleNote}>{note}</span>}
      </h3>
      {children}
    </section>
  );
}

function Problems({ exporter }: { exporter: Exporter }) {
  if (exporter.problems.length === 0) return null;
  return (
    <ul className={styles.problems} aria-label="Problems">
      {exporter.problems.map((p) => (
        <li key={p.text} data-tone={p.tone}>
          <ToneMark tone={p.tone} size={14} />
          <span>
            <strong>{p.text}</strong>
            {p.help && <span className={styles.help}>{p.help}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The figures of the exporter; by unit and domain where there are several. */
function Traffic({ exporter, now }: { exporter: Exporter; now: number }) {
  const { leading, sources } = exporter;
  const { zone } = usePreferences();
  const total = (of: (s: Source) => string) => sum(leading, (s) => Number(of(s)));
  const first = Math.min(...sources.flatMap((s) => (s.firstSeen ? [Date.parse(s.firstSeen)] : [])));
  const last = Math.max(...sources.flatMap((s) => (s.lastSeen ? [Date.parse(s.lastSeen)] : [])));
  const when = (ms: number) => (Number.isFinite(ms) ? `${dateTime(ms, zone)} (${ago(ms, now)})` : 'never');
  return (
    <>
      <Facts
        rows={[
          ['Records', `${si(sum(leading, (s) => s.recordsPerSecond))}/s · ${exact(total((s) => s.records))}`],
          ['Packets', `${si(sum(leading, (s) => s.packetsPerSecond))}/s · ${exact(total((s) => s.packets))} · ${volume('bytes', total((s) => s.octets))}`],
          ['Lately', `${si(exporter.lostPerSecond)}/s lost on the way, ${si(exporter.droppedPerSecond)}/s dropped by weir, mean of 5 min`],
          ['Protocol', [...new Set(sources.flatMap((s) => s.protocols))].map(protocolName).join(', ') || '–'],
          ['Received by', [...new Set(sources.map((s) => s.unitName))].join(', ')],
          ['Domains', [...new Set(sources.map((s) => s.domain))].join(', ')],
          [sources.some((s) => s.port) ? 'Ports (apart)' : 'From ports', [...new Set(sources.flatMap((s) => s.ports))].join(', ') || '–'],
          ['Last seen', when(last)],
          ['First seen', when(first)],
        ]}
      />
      {sources.length > 1 && (
        <SmallTable
          label="Traffic by unit and domain"
          heads={[['Seen by'], ['Protocol'], ['Records/s', 'num'], ['Records', 'num'], ['Packets', 'num'], ['Octets', 'num'], ['Last seen', 'num']]}
        >
          {sources.map((s) => (
            <tr key={s.id}>
              <td>{placeOf(s, sources)}</td>
              <td>{s.protocols.map(protocolName).join(', ')}</td>
              <td className="num">{si(s.recordsPerSecond)}</td>
              <td className="num">{exact(s.records)}</td>
              <td className="num">{exact(s.packets)}</td>
              <td className="num">{volume('bytes', Number(s.octets))}</td>
              <td className="num">{s.lastSeen ? ago(Date.parse(s.lastSeen), now) : 'never'}</td>
            </tr>
          ))}
        </SmallTable>
      )}
    </>
  );
}
