import { Skeleton, Switch, Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useShortcuts } from '../../app/keys';
import { Empty } from '../../components/Empty';
import { Notice } from '../../components/Notice';
import { PageError } from '../../components/PageError';
import { usePreferences } from '../../preferences';
import { fixed, shift, zoom, type TimeRange } from '../../time/range';
import { ChartPanel } from './ChartPanel';
import { allMissing, describeMissing, headline, isFilterMistake } from './coverage';
import styles from './explore.module.css';
import { FlowTable } from './FlowTable';
import { Footer } from './Footer';
import { ShareMenu } from './ShareMenu';
import { Toolbar } from './Toolbar';
import { TopTable } from './TopTable';
import { readView, writeView, type Search, type Tab, type View } from './url';
import { useAnswers, type Answers } from './useAnswers';
import { ValueMenu } from './ValueMenu';

/** The view of the URL, and a way to change it that makes history. */
function useView(): [View, (part: Partial<View>) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const view = useMemo(() => readView(search), [search]);
  const change = useCallback(
    (part: Partial<View>) => void navigate({ to: '/explore', search: writeView({ ...view, ...part }) }),
    [navigate, view],
  );
  return [view, change];
}

/** The filter as it is typed; it follows the URL when that changes. */
function useDraft(filter: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState({ of: filter, text: filter });
  if (draft.of !== filter) setDraft({ of: filter, text: filter });
  return [draft.text, (text) => setDraft({ of: filter, text })];
}

/** Any question about flows: chart, groups and records over one filter and range. */
export function ExplorePage() {
  const [view, change] = useView();
  const [draft, setDraft] = useDraft(view.filter);
  const [held, hold] = useState(false);
  const answers = useAnswers(view, held && view.tab === 'flows');
  const focusFilter = useRef<(() => void) | null>(null);
  const [highlight, setHighlight] = useState<string>();
  const run = (text = draft) => (text.trim() === view.filter ? answers.again() : change({ filter: text.trim() }));
  const move = (by: (range: TimeRange, now: number) => TimeRange) => change({ range: by(view.range, Date.now()) });

  useShortcuts([
    { keys: '/', label: 'Filter', run: () => focusFilter.current?.() },
    { keys: 'r', label: 'Run', run: () => run() },
    { keys: 'Escape', label: 'Cancel', run: answers.cancel },
    { keys: 't ArrowLeft', label: 'Earlier', run: () => move((r, now) => shift(r, -1, now)) },
    { keys: 't ArrowRight', label: 'Later', run: () => move((r, now) => shift(r, 1, now)) },
    { keys: 't -', label: 'Longer', run: () => move((r, now) => zoom(r, 'out', now)) },
    { keys: 't +', label: 'Shorter', run: () => move((r, now) => zoom(r, 'in', now)) },
  ]);
  useRunKey(run);

  const coverages = answers.shown.flatMap((r) => (r.data && !r.old ? [r.data.result.coverage] : []));
  const missing = allMissing(coverages);
  return (
    <ValueMenu filter={view.filter} onFilter={(filter) => change({ filter })}>
      <div className={styles.page}>
        <Toolbar
          {...{ view, change, draft, setDraft, run, focusFilter }}
          running={answers.running}
          canStop={answers.canStop}
          cancel={answers.cancel}
          stop={answers.stop}
        />
        <CoverageNotice answers={answers} />
        <OldNotice answers={answers} />
        <ChartPanel
          lines={answers.lines}
          run={answers.series}
          metric={view.metric}
          shape={view.shape}
          missing={missing}
          highlight={highlight}
          onHighlight={setHighlight}
          onZoom={(from, to) => change({ range: fixed(from, to) })}
          onZoomOut={() => move((r, now) => zoom(r, 'out', now))}
        />
        <Details {...{ view, change, answers, hold }} onHighlight={setHighlight} />
        <Footer answers={answers} />
      </div>
    </ValueMenu>
  );
}

/** Ctrl+Enter runs wherever the focus is. */
function useRunKey(run: () => void) {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) latest.current();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

const gapsShown = 5;

/** The yellow bar: which units did not answer, and for which time. */
function CoverageNotice({ answers }: { answers: Answers }) {
  const { zone } = usePreferences();
  const current = answers.shown.flatMap((r) => (r.data && !r.old ? [r.data] : []));
  const coverages = current.map((d) => d.result.coverage);
  const title = headline(coverages, current.some((d) => d.stopped));
  if (!title) return null;
  const missing = allMissing(coverages);
  const rest = missing.length > gapsShown ? `; and ${missing.length - gapsShown} more` : '';
  return (
    <Notice>
      <strong>{title}</strong> {missing.length > 0 && `Missing ${describeMissing(missing.slice(0, gapsShown), zone)}${rest}.`}
    </Notice>
  );
}

/** Why an answer is still shown that is not the one asked for. */
function OldNotice({ answers }: { answers: Answers }) {
  if (!answers.running && !answers.series.error && answers.series.old) {
    return <Notice>Canceled. What is shown answers the question before.</Notice>;
  }
  const wrong = [answers.series, answers.top].find((r) => r.error && r.data);
  if (!wrong || answers.running) return null;
  return <Notice>{wrong.error?.message}. What is shown is the answer before.</Notice>;
}

type DetailsProps = {
  view: View;
  change: (part: Partial<View>) => void;
  answers: Answers;
  onHighlight: (key: string | undefined) => void;
  hold: (held: boolean) => void;
};

function Details({ view, change, answers, onHighlight, hold }: DetailsProps) {
  const colours = useMemo(
    () => new Map(answers.lines?.lines.flatMap((l, i) => (l.other ? [] : [[l.key, i] as const]))),
    [answers.lines],
  );
  const { top, flows } = answers;
  const [allFields, setAllFields] = useState(false);
  return (
    <section className={`panel ${styles.details}`} aria-label="Details">
      <Tabs value={view.tab} onChange={(tab) => tab && change({ tab: tab as Tab })} keepMounted={false}>
        <div className={styles.tabsHead}>
          <Tabs.List>
            <Tabs.Tab value="top">{view.by.length === 0 ? 'Total' : `Top ${view.top}`}</Tabs.Tab>
            <Tabs.Tab value="flows">Flows</Tabs.Tab>
          </Tabs.List>
          <span className="grow" />
          {view.tab === 'flows' && (
            <Switch size="xs" label="All fields" checked={allFields} onChange={(e) => setAllFields(e.currentTarget.checked)} />
          )}
          <ShareMenu view={view} groups={top.data?.result} />
        </div>
        <Tabs.Panel value="top">
          <Answered run={top}>
            {(data) => <TopTable result={data.result} metric={view.metric} colours={colours} onHighlight={onHighlight} />}
          </Answered>
        </Tabs.Panel>
        <Tabs.Panel value="flows">
          <Answered run={flows}>
            {({ result }) => (
              <FlowTable first={result} input={answers.flowsInput} sort={view.sort} onSort={(sort) => change({ sort })} {...{ allFields, hold }} />
            )}
          </Answered>
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

type AnsweredProps = { run: Answers['top']; children: (data: NonNullable<Answers['top']['data']>) => ReactNode };

/** A table in its five states. */
function Answered({ run, children }: AnsweredProps) {
  if (run.data) return <div data-old={(run.old && run.running) || undefined}>{children(run.data)}</div>;
  if (run.running) {
    return (
      <div role="status" aria-label="Loading" className={styles.tableLoading}>
        <Skeleton height={180} />
      </div>
    );
  }
  if (run.error && isFilterMistake(run.error)) return <Empty title="Nothing to show">Correct the filter first.</Empty>;
  if (run.error) return <PageError error={run.error} retry={run.again} />;
  return <Empty title="Canceled">Run the query to see flows.</Empty>;
}
