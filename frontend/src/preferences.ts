import { useSyncExternalStore } from 'react';
import { isZone, type Zone } from './format/zones';

/** What one person prefers on one machine; what colleagues share is in the URL. */
type Preferences = {
  zone: Zone;
  /** Seconds between runs of a query whose range ends now; 0 is off. */
  refresh: number;
  navOpen: boolean;
  /** Single-key shortcuts (WCAG 2.1.4 wants them to be switchable). */
  keys: boolean;
};

const home = 'weir.preferences';
const defaults: Preferences = { zone: 'local', refresh: 10, navOpen: true, keys: true };

function read(): Preferences {
  try {
    const kept = { ...defaults, ...(JSON.parse(localStorage.getItem(home) ?? '{}') as Partial<Preferences>) };
    return isZone(kept.zone) ? kept : { ...kept, zone: defaults.zone };
  } catch {
    return defaults; // storage is forbidden, or holds what another version wrote
  }
}

let current: Preferences | undefined;
const readers = new Set<() => void>();

const snapshot = (): Preferences => (current ??= read());

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...snapshot(), ...change };
  try {
    localStorage.setItem(home, JSON.stringify(current));
  } catch {
    // storage is forbidden: the choice lasts as long as the page
  }
  for (const tell of readers) tell();
}

function subscribe(tell: () => void): () => void {
  readers.add(tell);
  return () => readers.delete(tell);
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, snapshot);
