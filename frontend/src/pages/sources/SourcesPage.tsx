import { Skeleton, Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Freshness, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { exact, percent, si } from '../../format/numbers';
import { sum } from '../../lists';
import { exportersOf, type Exporter } from './exporters';
import { LedgerTab } from './LedgerTab';
import { select, sorted } from './select';
import { lossShare } from './source';
import { SourcePanel } from './SourcePanel';
import styles from './sources.module.css';
import { SourcesTable } from './SourcesTable';
import { SourcesToolbar } from './SourcesToolbar';
import { readView, writeView, type Search, type Tab, type View } from './url';
import { pollMs, useSources, type Answer } from './useSources';
import { useSteadyOrder } from './useSteadyOrder';

type Change = (part: Partial<View>) => void;

/** The view of the URL. Opening and tabs make history, typing does not. */
function useView(): [View, Change] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const view = useMemo(() => readView(search), [search]);
  const change = useCallback<Change>(
    (part) => void navigate({ to: '/sources', search: writeView({ ...view, ...part }), replace: !('source' in part || 'tab' in part) }),
    [navigate, view],
  );
  return [view, change];
}

/** The exporters of the deployment, their health, and what became of their records. */
export function SourcesPage() {
  const [view, change] = useView();
  const { data, error, isPending, refetch } = useSources(view);
  const exporters = useMemo(() => (data ? exportersOf(data.sources, data.at) : []), [data]);
  if (isPending) return <LoadingSources />;
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The sources could not be read" />;
  return (
    <div className={styles.page}>
      <Tabs value={view.tab} onChange={(tab) => change({ tab: tab as Tab, text: '', problems: false })} className={styles.tabs} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="sources">Sources</Tabs.Tab>
          <Tabs.Tab value="ledger">Ledger</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sources" className={styles.tab}>
          <Summary exporters={exporters} />
          <Gaps data={data} stale={error !== null} />
          <List view={view} change={change} exporters={exporters} />
        </Tabs.Panel>
        <Tabs.Panel value="ledger" className={styles.tab}>
          <LedgerTab view={view} change={change} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function LoadingSources() {
  return (
    <div role="status" aria-label="Loading the sources" className={styles.page}>
      <Skeleton height={54} />
      <Skeleton height={34} />
      <Skeleton height={420} />
    </div>
  );
}

function Summary({ exporters }: { exporters: readonly Exporter[] }) {
  const troubled = exporters.filter((e) => e.tone !== 'ok').length;
  const worstLoss = Math.max(0, ...exporters.map((e) => (e.loss ? lossShare(e.loss) : 0)));
  const dropped = sum(exporters, (e) => e.dropped);
  const losing = exporters.filter((e) => e.lostPerSecond > 0).length;
  const dropping = sum(exporters, (e) => e.droppedPerSecond);
  const unknown = exporters.filter((e) => e.sampling.origin === 'unknown').length;
  return (
    <Strip end={<Freshness pollMs={pollMs} />}>
      <Fact label="Sources" value={exact(exporters.length)} />
      <Fact label="With problems" value={exact(troubled)} alarm={troubled > 0} />
      <Fact label="Received" value={`${si(sum(exporters, (e) => e.recordsPerSecond))} rec/s`} />
      <Fact label="Export packets" value={`${si(sum(exporters, (e) => e.packetsPerSecond))} pkt/s`} />
      <Fact label="Losing now" value={exact(losing)} title="Sources with losses on the way in the last 5 minutes" alarm={losing > 0} />
      <Fact label="Worst sequence loss" value={worstLoss === 0 ? 'none' : percent(worstLoss, 1)} alarm={worstLoss >= 0.0005} />
      <Fact label="Dropped now" value={`${si(dropping)}/s`} title="Mean of the last 5 minutes" alarm={dropping > 0} />
      <Fact label="Dropped since start" value={si(dropped)} title={exact(dropped)} alarm={dropped > 0} />
      <Fact label="Sampling unknown" value={exact(unknown)} alarm={unknown > 0} />
    </Strip>
  );
}

/** What stops this list from being whole. */
function Gaps({ data, stale }: { data: Answer; stale: boolean }) {
  const { missing, total, sources } = data;
  return (
    <>
      {stale && <Notice>The Master does not answer; this is what it said last.</Notice>}
      {missing.length > 0 && (
        <Notice>
          <strong>Not all sources are shown.</strong> Missing is what {missing.map((m) => `${m.unitName || m.unit} (${m.reason})`).join(', ')}{' '}
          knows.
        </Notice>
      )}
      {total > sources.length && (
        <Notice>
          The first {exact(sources.length)} of {exact(total)} sources are shown. Choose a source group, or search for an address or a network such
          as 192.0.2.0/24, to see the others.
        </Notice>
      )}
    </>
  );
}

type ListProps = { view: View; change: Change; exporters: readonly Exporter[] };

function List({ view, change, exporters }: ListProps) {
  const now = useNow();
  const search = useRef<HTMLInputElement>(null);
  const [held, hold] = useState(false);
  const found = useMemo(() => sorted(select(exporters, view), view.sort), [exporters, view]);
  const open = find(exporters, view.source);
  const rows = useSteadyOrder(found, held || open !== undefined, JSON.stringify({ ...view, source: '' }));
  const choose = (source: string | undefined) => change({ source: source ?? '' });

  useShortcuts([
    { keys: '/', run: () => search.current?.focus() },
    { keys: 'p', run: () => change({ problems: !view.problems }) },
    { keys: 'Escape', run: () => view.source !== '' && choose(undefined) },
  ]);

  return (
    <div className={styles.split} data-open={open ? true : undefined}>
      <section className={`panel ${styles.list}`} aria-label="List">
        <SourcesToolbar view={view} change={change} exporters={exporters} shown={rows.length} search={search} />
        {view.source !== '' && !open && <Notice>{`${view.source} is not among the sources that the units know.`}</Notice>}
        {rows.length > 0 ? (
          <SourcesTable {...{ rows, now, choose, hold }} sort={view.sort} chosen={open?.key} onSort={(sort) => change({ sort })} />
        ) : (
          <Nothing exporters={exporters} view={view} />
        )}
      </section>
      {open && <SourcePanel key={open.key} exporter={open} now={now} close={() => choose(undefined)} />}
    </div>
  );
}

/** The exporter that the URL names by its key, or by its address alone. */
const find = (exporters: readonly Exporter[], source: string): Exporter | undefined =>
  source === '' ? undefined : (exporters.find((e) => e.key === source) ?? exporters.find((e) => e.address === source));

function Nothing({ exporters, view }: { exporters: readonly Exporter[]; view: View }) {
  if (exporters.length === 0) {
    return (
      <Empty title="No exporter has sent anything yet">
        Point routers at the listening ports of a source group (see Topology). What arrives from them shows here at once.
      </Empty>
    );
  }
  if (view.problems && view.text === '') return <Empty title="No problems">All sources that the other filters leave are healthy.</Empty>;
  return <Empty title="No source matches">Change the search or the filters above.</Empty>;
}
