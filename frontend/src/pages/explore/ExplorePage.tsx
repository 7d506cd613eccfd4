import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useShortcuts } from '../../app/keys';
import { fixed, zoom } from '../../time/range';
import { ChartPanel } from './ChartPanel';
import { allMissing } from './coverage';
import { Details } from './Details';
import styles from './explore.module.css';
import { Footer } from './Footer';
import { CoverageNotice, OldNotice } from './Notices';
import { Toolbar } from './Toolbar';
import { readView, writeView, type Search, type View } from './url';
import { useAnswers } from './useAnswers';
import { useRange } from './useRange';
import { useRunKey } from './useRunKey';
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
  const openRange = useRef<(() => void) | null>(null);
  const [sharing, setSharing] = useState(false);
  const [highlight, setHighlight] = useState<string>();
  const run = (text = draft) => (text.trim() === view.filter ? answers.again() : change({ filter: text.trim() }));
  const range = useRange(view.range, (next) => change({ range: next }));

  useShortcuts([
    { keys: '/', run: () => focusFilter.current?.() },
    { keys: 'r', run: () => run() },
    { keys: 'Escape', run: answers.cancel },
    { keys: 'e', run: () => setSharing(true) },
    { keys: 't a', run: () => openRange.current?.() },
    ...range.shortcuts,
  ]);
  useRunKey(run);

  const coverages = answers.shown.flatMap((r) => (r.data && !r.old ? [r.data.result.coverage] : []));
  const missing = allMissing(coverages);
  return (
    <ValueMenu filter={view.filter} onFilter={(filter) => change({ filter })}>
      <div className={styles.page}>
        <Toolbar
          {...{ view, change, draft, setDraft, run, focusFilter, openRange }}
          onRange={range.set}
          running={answers.running}
          canStop={answers.canStop}
          cancel={answers.cancel}
          stop={answers.stop}
        />
        <CoverageNotice answers={answers} />
        <OldNotice answers={answers} />
        <ChartPanel
          lines={answers.lines}
          before={answers.before}
          run={answers.series}
          metric={view.metric}
          shape={view.shape}
          missing={missing}
          highlight={highlight}
          onHighlight={setHighlight}
          onZoom={(from, to) => range.set(fixed(from, to))}
          onZoomOut={() => range.set(zoom(view.range, 'out', Date.now()))}
        />
        <Details {...{ view, change, answers, hold, sharing, setSharing }} onHighlight={setHighlight} />
        <Footer answers={answers} />
      </div>
    </ValueMenu>
  );
}
