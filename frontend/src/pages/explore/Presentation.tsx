import { MultiSelect, SegmentedControl, Select, Switch, Tooltip } from '@mantine/core';
import { IconChartAreaLine, IconChartLine, IconPercentage } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { compareNames, compares } from './compare';
import styles from './explore.module.css';
import { offered } from './fields';
import { tops, type Shape, type View } from './url';
import { useGroupable } from './useGroupable';

type Props = { view: View; change: (part: Partial<View>) => void };

const metrics = [
  { value: 'bytes', label: 'bit/s' },
  { value: 'packets', label: 'pkt/s' },
  { value: 'flows', label: 'flow/s' },
];

const shapes: readonly [Shape, string, typeof IconChartLine][] = [
  ['stacked', 'Stacked', IconChartAreaLine],
  ['share', '100 %', IconPercentage],
  ['lines', 'Lines', IconChartLine],
];

/** How the answer is grouped, measured and drawn. */
export function Presentation({ view, change }: Props) {
  return (
    <div className={styles.toolRow}>
      <GroupBy by={view.by} onChange={(by) => change({ by })} />
      <Labelled text="Metric">
        <Select
          w={96}
          allowDeselect={false}
          aria-label="Metric"
          data={metrics}
          value={view.metric}
          onChange={(m) => change({ metric: (m as View['metric'] | null) ?? view.metric })}
        />
      </Labelled>
      <Labelled text="Top">
        <Select
          w={64}
          allowDeselect={false}
          aria-label="Number of groups"
          data={tops.map(String)}
          value={String(view.top)}
          onChange={(n) => n && change({ top: Number(n) })}
        />
      </Labelled>
      <SegmentedControl
        aria-label="Kind of chart"
        value={view.shape}
        onChange={(shape) => change({ shape: shape as Shape })}
        data={shapes.map(([value, text, Icon]) => ({
          value,
          label: (
            <span className={styles.choice}>
              <Icon size={14} aria-hidden /> {text}
            </span>
          ),
        }))}
      />
      <Labelled text="Compare with">
        <Select
          w={136}
          allowDeselect={false}
          aria-label="Compare with"
          data={compares.map((c) => ({ value: c, label: compareNames[c] }))}
          value={view.compare}
          onChange={(c) => change({ compare: (c as View['compare'] | null) ?? view.compare })}
        />
      </Labelled>
      <Tooltip label="Count each flow over the time it lasted, instead of when it was exported" multiline maw={280}>
        <div className={styles.spread}>
          <Switch size="xs" label="Over duration" checked={view.prorated} onChange={(e) => change({ prorated: e.currentTarget.checked })} />
        </div>
      </Tooltip>
    </div>
  );
}

const Labelled = ({ text, children }: { text: string; children: ReactNode }) => (
  <label className={styles.labelled}>
    <span>{text}</span>
    {children}
  </label>
);

function GroupBy({ by, onChange }: { by: readonly string[]; onChange: (by: string[]) => void }) {
  return (
    <div className={`${styles.labelled} ${styles.groupBy}`}>
      <span aria-hidden>Group by</span>
      <MultiSelect
        aria-label="Group by"
        data={offered(by, useGroupable())}
        value={[...by]}
        onChange={onChange}
        maxValues={6}
        searchable
        clearable
        hidePickedOptions
        placeholder={by.length === 0 ? 'nothing: all flows as one line' : ''}
        clearButtonProps={{ 'aria-label': 'Group by nothing' }}
        comboboxProps={{ width: 240, position: 'bottom-start' }}
        maxDropdownHeight={360}
      />
    </div>
  );
}
