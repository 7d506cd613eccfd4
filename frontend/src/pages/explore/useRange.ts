import { useState } from 'react';
import type { Shortcut } from '../../app/keys';
import { copyText, pastedText } from '../../components/copy';
import { rangeJson, readRange, shift, zoom, type TimeRange } from '../../time/range';

/** How many ranges "back" goes back through. */
const mostPast = 50;

/** Changes of the range, with the way back and the keys for them. */
export function useRange(range: TimeRange, change: (range: TimeRange) => void) {
  const [past, setPast] = useState<readonly TimeRange[]>([]);
  function set(next: TimeRange): void {
    setPast([range, ...past].slice(0, mostPast));
    change(next);
  }
  function back(): void {
    const [last, ...rest] = past;
    if (!last) return;
    setPast(rest);
    change(last);
  }
  async function paste(): Promise<void> {
    const read = readRange(await pastedText(), Date.now());
    if (read) set(read);
  }
  const move = (by: (now: number) => TimeRange) => () => set(by(Date.now()));
  const shortcuts: Shortcut[] = [
    { keys: 't ArrowLeft', run: move((now) => shift(range, -1, now)) },
    { keys: 't ArrowRight', run: move((now) => shift(range, 1, now)) },
    { keys: 't -', run: move((now) => zoom(range, 'out', now)) },
    { keys: 't +', run: move((now) => zoom(range, 'in', now)) },
    { keys: 't z', run: back },
    { keys: 't c', run: () => void copyText(rangeJson(range)) },
    { keys: 't v', run: () => void paste() },
  ];
  return { set, shortcuts };
}
