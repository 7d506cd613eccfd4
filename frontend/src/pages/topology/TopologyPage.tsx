import { Skeleton } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useRef } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Freshness, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { count, exact, si, volume } from '../../format/numbers';
import { SourceGroupPanel } from './group/SourceGroupPanel';
import { GroupTiles } from './GroupTiles';
import { narrow, unitsIn, type Wanted } from './narrow';
import { sections, summarize, troubles, type Choices } from './sections';
import styles from './topology.module.css';
import { TopologyTable } from './TopologyTable';
import { TopologyToolbar } from './TopologyToolbar';
import { UnitPanel } from './UnitPanel';
import { readView, writeView, type Search, type View } from './url';
import { pollMs, useTopology, type Topology } from './useTopology';

/** With more units than this, a map has no room for their names. */
const mapMost = 40;

const TopologyMap = lazy(() => import('./TopologyMap'));

/** Units and groups, their health and what flows between them, as it changes. */
export function TopologyPage() {
  const { data, error, isPending, refetch, live } = useTopology();
  if (isPending) return <LoadingTopology />;
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The topology could not be read" />;
  return <Deployment topology={data} live={live} stale={error !== null && !live} />;
}

function LoadingTopology() {
  return (
    <div role="status" aria-label="Loading the topology" className={styles.page}>
      <Skeleton height={54} />
      <Skeleton height={320} />
      <Skeleton height={220} />
    </div>
  );
}

function Deployment({ topology, live, stale }: { topology: Topology; live: boolean; stale: boolean }) {
  const now = useNow();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Search;
  const open = useMemo(() => readView(search), [search]);
  const field = useRef<HTMLInputElement>(null);
  const write = (part: Partial<View>, replace: boolean) => void navigate({ to: '/topology', search: writeView({ ...open, ...part }), replace });
  const go = ({ unit, group }: Pick<Partial<View>, 'unit' | 'group'>) => write({ unit, group }, false);
  const filter = (wanted: Partial<Wanted>) => write(wanted, true);
  const choices: Choices = {
    chosen: open.unit ?? open.group,
    chooseUnit: (unit) => go(unit === open.unit ? {} : { unit }),
    chooseGroup: (group) => go(group === open.group ? {} : { group }),
  };
  const all = useMemo(() => sections(topology), [topology]);
  const parts = useMemo(() => narrow(all, open), [all, open]);
  const unit = topology.units.find((u) => u.id === open.unit);
  const group = topology.sourceGroups.find((g) => g.id === open.group);
  useShortcuts([
    { keys: '/', run: () => field.current?.focus() },
    { keys: 'p', run: () => filter({ troubled: !open.troubled }) },
    { keys: 'Escape', run: () => choices.chosen !== undefined && go({}) },
  ]);
  return (
    <div className={styles.page}>
      <SummaryStrip topology={topology} live={live} />
      <Troubles topology={topology} stale={stale} />
      <div className={styles.split} data-open={unit ? 'unit' : group ? 'group' : undefined}>
        <div className={styles.main}>
          <section className={`panel ${styles.map}`} aria-label="Map">
            {unitsIn(parts) > mapMost ? (
              <GroupTiles sections={parts} narrowTo={(text) => filter({ text })} />
            ) : (
              <Suspense fallback={<Skeleton height="100%" />}>
                <TopologyMap sections={parts} {...choices} />
              </Suspense>
            )}
          </section>
          <section className="panel" aria-label="Table">
            <TopologyToolbar wanted={open} change={filter} all={all} shown={parts} search={field} />
            {parts.length > 0 && topology.units.length > 0 ? (
              <TopologyTable sections={parts} revision={topology.revision} now={now} {...choices} />
            ) : (
              <Nothing isNew={topology.units.length === 0} troubled={open.troubled && open.text === ''} />
            )}
          </section>
        </div>
        {unit && <UnitPanel unit={unit} topology={topology} now={now} close={() => go({})} />}
        {group && <SourceGroupPanel key={group.id} group={group} topology={topology} close={() => go({})} />}
      </div>
    </div>
  );
}

function Nothing({ isNew, troubled }: { isNew: boolean; troubled: boolean }) {
  if (isNew) return <Empty title="No units yet">Create units through the API, then let them join with a join token.</Empty>;
  if (troubled) return <Empty title="No unit is in trouble">None is lost or degraded.</Empty>;
  return <Empty title="No unit matches">Change the search above.</Empty>;
}

function SummaryStrip({ topology, live }: { topology: Topology; live: boolean }) {
  const s = summarize(topology);
  return (
    <Strip end={<Freshness live={live} pollMs={pollMs} />}>
      <Fact label="Units active" value={`${s.active} of ${s.units}`} alarm={s.active < s.units} />
      <Fact label="Received" value={`${si(s.received)} rec/s`} />
      <Fact label="Stored" value={`${si(s.stored)} rec/s`} />
      <Fact label="Dropped" value={`${si(s.dropped)} rec/s`} alarm={s.dropped > 0} />
      <Fact label="Flows kept" value={si(s.rows)} title={exact(s.rows)} />
      <Fact label="On disk" value={volume('bytes', s.bytes)} />
      <Fact label="Revision" value={s.behind === 0 ? topology.revision : `${topology.revision}, ${count(s.behind, 'unit')} behind`} alarm={s.behind > 0} />
    </Strip>
  );
}

/** What stops this picture from being whole. */
function Troubles({ topology, stale }: { topology: Topology; stale: boolean }) {
  const words = troubles(topology.units);
  return (
    <>
      {stale && <Notice>The Master does not answer; this is what it said last.</Notice>}
      {words && <Notice>{words}. Answers about their flows may be partial.</Notice>}
    </>
  );
}
