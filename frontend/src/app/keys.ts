import { useEffect, useRef } from 'react';
import { usePreferences } from '../preferences';

export type Shortcut = { keys: string; run: () => void };

const chordMs = 1200;

/** Whether typing goes into a field, where letters are letters. */
function inField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable="true"]') !== null;
}

/** Runs shortcuts such as "g t" (one key after the other) or "/". */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const { keys: enabled } = usePreferences();
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    let before = '';
    let at = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || inField(event.target)) return;
      const chord = event.timeStamp - at < chordMs && before !== '' ? `${before} ${event.key}` : event.key;
      const found = latest.current.find((s) => s.keys === chord) ?? latest.current.find((s) => s.keys === event.key);
      before = found ? '' : event.key;
      at = event.timeStamp;
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [enabled]);
}
