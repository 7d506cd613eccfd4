import { Button, MultiSelect, Select, SegmentedControl, Switch, Tooltip } from '@mantine/core';
import { IconChartAreaLine, IconChartLine, IconPlayerPlay, IconPlayerStop, IconX } from '@tabler/icons-react';
import type { ReactNode, RefObject } from 'react';
import { FilterInput } from '../../filter/FilterInput';
import type { Metric } from '../../format/numbers';
import { setPreferences, usePreferences } from '../../preferences';
import { endsNow } from '../../time/range';
import { TimeRangePicker } from '../../time/TimeRangePicker';
import styles from './explore.module.css';
import { offered } from './fields';
import { tops, type Shape, type View } from './url';
import { useGroupable } from './useGroupable';

type Props = {
  view: View;
  change: (part: Partial<View>) => void;
  draft: string;
  setDraft: (text: string) => void;
  /** Without a text: what was typed last. */
  run: (text?: string) => void;
  running: boolean;
  canStop: boolean;
  cancel: () => void;
  stop: () => void;
  focusFilter: RefObject<(() => void) | null>;
};

/** What is asked: filter and time above, how it is shown beneath. */
export function Toolbar(props: Props) {
  const { view, change, draft, setDraft, run, focusFilter } = props;
  const { zone } = usePreferences();
  return (
    <section className={`panel ${styles.toolbar}`} aria-label="Query">
      <div className={styles.toolRow}>
        <FilterInput value={draft} onChange={setDraft} onRun={run} focusRef={focusFilter} />
        <TimeRangePicker range={view.range} zone={zone} onChange={(range) => change({ range })} />
        <RefreshSelect view={view} />
        <RunButtons {...props} />
      </div>
      <div className={styles.toolRow}>
        <GroupBy by={view.by} onChange={(by) => change({ by })} />
        <label className={styles.labelled}>
          <span>Metric</span>
          <Select
            w={104}
            allowDeselect={false}
            aria-label="Metric"
            data={[
              { value: 'bytes', label: 'bit/s' },
              { value: 'packets', label: 'pkt/s' },
              { value: 'flows', label: 'flow/s' },
            ]}
            value={view.metric}
            onChange={(m) => m && change({ metric: m as Metric })}
          />
        </label>
        <label className={styles.labelled}>
          <span>Top</span>
          <Select
            w={72}
            allowDeselect={false}
            aria-label="Number of groups"
            data={tops.map(String)}
            value={String(view.top)}
            onChange={(n) => n && change({ top: Number(n) })}
          />
        </label>
        <SegmentedControl
          aria-label="Kind of chart"
          value={view.shape}
          onChange={(shape) => change({ shape: shape as Shape })}
          data={[
            { value: 'stacked', label: <Choice icon={<IconChartAreaLine size={14} aria-hidden />} text="Stacked" /> },
            { value: 'lines', label: <Choice icon={<IconChartLine size={14} aria-hidden />} text="Lines" /> },
          ]}
        />
        <Tooltip label="Count each flow over the time it lasted, instead of when it was exported" multiline maw={280}>
          <div className={styles.spread}>
            <Switch size="xs" label="Over duration" checked={view.prorated} onChange={(e) => change({ prorated: e.currentTarget.checked })} />
          </div>
        </Tooltip>
      </div>
    </section>
  );
}

const Choice = ({ icon, text }: { icon: ReactNode; text: string }) => (
  <span className={styles.choice}>
    {icon} {text}
  </span>
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

const rates = [
  { value: '0', label: 'No refresh' },
  { value: '5', label: 'Every 5 s' },
  { value: '10', label: 'Every 10 s' },
  { value: '30', label: 'Every 30 s' },
  { value: '60', label: 'Every 1 min' },
  { value: '300', label: 'Every 5 min' },
];

function RefreshSelect({ view }: { view: View }) {
  const { refresh } = usePreferences();
  const possible = endsNow(view.range);
  return (
    <Tooltip label="Only ranges that end now are refreshed" disabled={possible}>
      <Select
        w={118}
        aria-label="Refresh"
        allowDeselect={false}
        disabled={!possible}
        data={rates}
        value={possible ? String(refresh) : '0'}
        onChange={(s) => s && setPreferences({ refresh: Number(s) })}
      />
    </Tooltip>
  );
}

/** Run, or while it runs: keep what is there, or drop it. */
function RunButtons({ run, running, canStop, stop, cancel }: Props) {
  if (!running || !canStop) {
    return (
      <Tooltip label="Enter, Ctrl Enter">
        <Button h={30} className={styles.run} leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={() => run()}>
          Run
        </Button>
      </Tooltip>
    );
  }
  return (
    <Button.Group>
      <Tooltip label="End it and keep what is there">
        <Button h={30} variant="default" leftSection={<IconPlayerStop size={14} aria-hidden />} onClick={stop}>
          Stop
        </Button>
      </Tooltip>
      <Tooltip label="End it and drop it (Esc)">
        <Button h={30} variant="default" leftSection={<IconX size={14} aria-hidden />} onClick={cancel}>
          Cancel
        </Button>
      </Tooltip>
    </Button.Group>
  );
}
