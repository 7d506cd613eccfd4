import { Skeleton, Switch, Tabs } from '@mantine/core';
import { useMemo, useState, type ReactNode } from 'react';
import { Empty } from '../../components/Empty';
import { PageError } from '../../components/PageError';
import { isFilterMistake } from './coverage';
import styles from './explore.module.css';
import { FlowTable } from './FlowTable';
import { ShareMenu } from './ShareMenu';
import { TopTable } from './TopTable';
import type { Tab, View } from './url';
import type { Answers } from './useAnswers';

type DetailsProps = {
  view: View;
  change: (part: Partial<View>) => void;
  answers: Answers;
  onHighlight: (key: string | undefined) => void;
  hold: (held: boolean) => void;
  sharing: boolean;
  setSharing: (sharing: boolean) => void;
};

/** What the chart sums up: the groups, or the records themselves. */
export function Details({ view, change, answers, onHighlight, hold, sharing, setSharing }: DetailsProps) {
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
          <ShareMenu view={view} groups={top.data?.result} opened={sharing} setOpened={setSharing} />
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
