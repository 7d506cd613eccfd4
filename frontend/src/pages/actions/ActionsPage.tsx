import { Skeleton, Switch } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { ListBar } from '../../components/ListBar';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { Fact, Freshness, Strip } from '../../components/Strip';
import { useNow } from '../../components/useNow';
import { exact } from '../../format/numbers';
import { select, type Action, type Wanted } from './actions';
import styles from './actions.module.css';
import { ActionsTable } from './ActionsTable';
import { readView, writeView, type Search } from './url';
import { limit, pollMs, useActions } from './useActions';

/** What was changed, by whom, and how far each unit has followed. */
export function ActionsPage() {
  const { data, error, isPending, refetch } = useActions();
  if (isPending) {
    return (
      <div role="status" aria-label="Loading the action log" className={styles.page}>
        <Skeleton height={54} />
        <Skeleton height={320} />
      </div>
    );
  }
  if (!data) return <PageError error={error} retry={() => void refetch()} title="The action log could not be read" />;
  return (
    <div className={styles.page}>
      <Summary actions={data} />
      {error && <Notice>The Master does not answer; this is what it said last.</Notice>}
      <Log actions={data} />
    </div>
  );
}

function Summary({ actions }: { actions: readonly Action[] }) {
  const of = (state: Action['state']) => actions.filter((a) => a.state === state).length;
  return (
    <Strip end={<Freshness pollMs={pollMs} />}>
      <Fact label="Revision" value={exact(actions[0]?.revision ?? '0')} />
      <Fact label="Changes listed" value={actions.length < limit ? exact(actions.length) : `the newest ${exact(limit)}`} />
      <Fact label="Not confirmed yet" value={exact(of('pending'))} />
      <Fact label="Failed" value={exact(of('failed'))} alarm={of('failed') > 0} />
    </Strip>
  );
}

function Log({ actions }: { actions: readonly Action[] }) {
  const view = readView(useSearch({ strict: false }) as Search);
  const navigate = useNavigate();
  const change = (part: Partial<Wanted>) => void navigate({ to: '/actions', search: writeView({ ...view, ...part }), replace: true });
  const search = useRef<HTMLInputElement>(null);
  const now = useNow();
  const shown = select(actions, view);
  useShortcuts([{ keys: '/', run: () => search.current?.focus() }]);
  return (
    <section className="panel" aria-label="Changes">
      <ListBar
        label="Changes"
        noun="change"
        placeholder="Change, person, unit, message…"
        text={view.text}
        onText={(text) => change({ text })}
        shown={shown.length}
        all={actions.length}
        search={search}
      >
        <Switch label="Only unconfirmed" checked={view.open} onChange={(e) => change({ open: e.currentTarget.checked })} />
      </ListBar>
      {shown.length > 0 ? <ActionsTable actions={shown} now={now} /> : <Nothing isNew={actions.length === 0} open={view.open && view.text === ''} />}
    </section>
  );
}

function Nothing({ isNew, open }: { isNew: boolean; open: boolean }) {
  if (isNew) return <Empty title="Nothing was changed yet">Changes of units, groups and sources show here, with what became of them on each unit.</Empty>;
  if (open) return <Empty title="Everything is confirmed">All units have followed all changes that are listed.</Empty>;
  return <Empty title="No change matches">Change the search above.</Empty>;
}
