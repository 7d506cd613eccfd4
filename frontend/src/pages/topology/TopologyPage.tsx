import { Skeleton } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Freshness, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { count, exact, si, volume } from '../../format/numbers';
import { SourceGroupPanel } from './group/SourceGroupPanel';
import { sections, summarize, troubles, type Choices } from './sections';
import styles from './topology.module.css';
import { TopologyTable } from './TopologyTable';
import { UnitPanel } from './UnitPanel';
import { pollMs, useTopology, type Topology } from './useTopology';

/** What is open beside the map, in the URL: a unit, or a source group. */
type Open = { unit?: string; group?: string };

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
  const open = useSearch({ strict: false }) as Open;
  const go = (search: Open) => void navigate({ to: '/topology', search });
  const choices: Choices = {
    chosen: open.unit ?? open.group,
    chooseUnit: (unit) => go(unit === open.unit ? {} : { unit }),
    chooseGroup: (group) => go(group === open.group ? {} : { group }),
  };
  const parts = useMemo(() => sections(topology), [topology]);
  const unit = topology.units.find((u) => u.id === open.unit);
  const group = topology.sourceGroups.find((g) => g.id === open.group);
  useShortcuts([{ keys: 'Escape', label: 'Close', run: () => choices.chosen !== undefined && go({}) }]);
  return (
    <div className={styles.page}>
      <SummaryStrip topology={topology} live={live} />
      <Troubles topology={topology} stale={stale} />
      <div className={styles.split} data-open={unit ? 'unit' : group ? 'group' : undefined}>
        <div className={styles.main}>
          <section className={`panel ${styles.map}`} aria-label="Map">
            <Suspense fallback={<Skeleton height="100%" />}>
              <TopologyMap sections={parts} {...choices} />
            </Suspense>
          </section>
          <section className="panel" aria-label="Table">
            {topology.units.length === 0 ? (
              <Empty title="No units yet">Create units through the API, then let them join with a join token.</Empty>
            ) : (
              <TopologyTable sections={parts} revision={topology.revision} now={now} {...choices} />
            )}
          </section>
        </div>
        {unit && <UnitPanel unit={unit} topology={topology} now={now} close={() => go({})} />}
        {group && <SourceGroupPanel key={group.id} group={group} topology={topology} close={() => go({})} />}
      </div>
    </div>
  );
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
