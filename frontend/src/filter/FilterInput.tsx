import { ActionIcon, Tooltip } from '@mantine/core';
import { IconFilter, IconX } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useRef, useState, type RefObject } from 'react';
import styles from './FilterInput.module.css';
import { useNames } from './names';
import { useFilterProblems } from './problems';

const FilterEditor = lazy(() => import('./FilterEditor'));

type Props = {
  value: string;
  onChange: (text: string) => void;
  onRun: (text: string) => void;
  /** Lets the page put the focus here. */
  focusRef: RefObject<(() => void) | null>;
};

const hint = 'proto tcp and dst port in [80 443] and not src net 10.0.0.0/8';

/** The filter bar: a plain field at once, an editor as soon as it is loaded. */
export function FilterInput({ value, onChange, onRun, focusRef }: Props) {
  const problems = useFilterProblems(value);
  const names = useNames(value);
  const [plainFocused, setPlainFocused] = useState(false);
  const first = problems[0];
  return (
    <div className={styles.field} data-wrong={first ? true : undefined}>
      <div className={styles.line}>
        <IconFilter size={15} className={styles.icon} aria-hidden />
        <div className={styles.editor}>
          <Suspense
            fallback={<PlainField {...{ value, onChange, onRun, focusRef }} onFocusChange={setPlainFocused} />}
          >
            <FilterEditor {...{ value, onChange, onRun, problems, names, hint, focusRef }} takeFocus={plainFocused} />
          </Suspense>
        </div>
        {value !== '' && (
          <Tooltip label="Clear the filter">
            <ActionIcon variant="subtle" size="sm" aria-label="Clear the filter" onClick={() => onChange('')}>
              <IconX size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <div role="status" className={styles.problem}>
        {first ? `At character ${first.from + 1}: ${first.message}` : null}
      </div>
    </div>
  );
}

function PlainField({ value, onChange, onRun, focusRef, onFocusChange }: Props & { onFocusChange: (on: boolean) => void }) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    focusRef.current = () => area.current?.focus();
  }, [focusRef]);
  return (
    <textarea
      ref={area}
      className={styles.plain}
      aria-label="Filter"
      rows={1}
      spellCheck={false}
      placeholder={hint}
      value={value}
      onFocus={() => onFocusChange(true)}
      onBlur={() => onFocusChange(false)}
      onChange={(e) => onChange(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.key !== 'Enter' || e.shiftKey) return;
        e.preventDefault();
        onRun(e.currentTarget.value);
      }}
    />
  );
}
