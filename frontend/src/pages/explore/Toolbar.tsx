import type { ComponentProps, RefObject } from 'react';
import { FilterInput } from '../../filter/FilterInput';
import { usePreferences } from '../../preferences';
import { TimeRangePicker } from '../../time/TimeRangePicker';
import type { TimeRange } from '../../time/range';
import styles from './explore.module.css';
import { Presentation } from './Presentation';
import { RefreshSelect, RunButtons } from './RunControls';
import type { View } from './url';

type Props = ComponentProps<typeof RunButtons> & {
  view: View;
  change: (part: Partial<View>) => void;
  onRange: (range: TimeRange) => void;
  draft: string;
  setDraft: (text: string) => void;
  /** Let the page put the focus into the filter, and into the ends of the range. */
  focusFilter: RefObject<(() => void) | null>;
  openRange: RefObject<(() => void) | null>;
};

/** What is asked: filter and time above, how it is shown beneath. */
export function Toolbar({ view, change, onRange, draft, setDraft, focusFilter, openRange, ...running }: Props) {
  const { zone } = usePreferences();
  return (
    <section className={`panel ${styles.toolbar}`} aria-label="Query">
      <div className={styles.toolRow}>
        <FilterInput value={draft} onChange={setDraft} onRun={running.run} focusRef={focusFilter} />
        <TimeRangePicker range={view.range} zone={zone} onChange={onRange} openRef={openRange} />
        <RefreshSelect view={view} />
        <RunButtons {...running} />
      </div>
      <Presentation view={view} change={change} />
    </section>
  );
}
