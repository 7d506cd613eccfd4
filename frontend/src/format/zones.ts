/** Where times are shown: `local` is the browser's zone, else a name of the IANA database. */
export type Zone = string;

export const isZone = (name: unknown): name is Zone => {
  if (name === 'local') return true;
  try {
    return typeof name === 'string' && Boolean(new Intl.DateTimeFormat('en-GB', { timeZone: name }));
  } catch {
    return false; // no such zone here
  }
};

/** The name that the platform calls a zone by. */
export const timeZone = (zone: Zone): string => (zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone);

let names: readonly Zone[] | undefined;

/** Every zone that the browser knows, besides UTC. */
export const namedZones = (): readonly Zone[] => (names ??= Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC'));
