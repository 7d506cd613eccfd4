/** What answers lack, in words. */
import { range } from '../../format/times';
import type { Zone } from '../../format/zones';
import { ApiError } from '../../graphql/execute';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';

export type Coverage = ResultPartsFragment['coverage'];
export type Missing = Coverage['missing'][number];

/** The gaps of several answers, each once; those of one unit for one reason that touch are one. */
export function allMissing(coverages: readonly Coverage[]): Missing[] {
  const found: Missing[] = [];
  for (const gap of coverages.flatMap((c) => c.missing)) {
    const at = found.findIndex((f) => f.unit === gap.unit && f.reason === gap.reason && touch(f, gap));
    if (at < 0) found.push(gap);
    else found[at] = union(found[at] as Missing, gap);
  }
  return found.sort((a, b) => a.unit.localeCompare(b.unit) || Date.parse(a.from) - Date.parse(b.from));
}

const touch = (a: Missing, b: Missing): boolean =>
  Date.parse(a.from) <= Date.parse(b.to) && Date.parse(b.from) <= Date.parse(a.to);

const union = (a: Missing, b: Missing): Missing => ({
  ...a,
  from: Date.parse(b.from) < Date.parse(a.from) ? b.from : a.from,
  to: Date.parse(b.to) > Date.parse(a.to) ? b.to : a.to,
});

/** The gaps in words, those of one stretch together. */
export function describeMissing(missing: readonly Missing[], zone: Zone): string {
  const stretches = new Map<string, string[]>();
  for (const m of missing) {
    const stretch = range(Date.parse(m.from), Date.parse(m.to), zone);
    stretches.set(stretch, [...(stretches.get(stretch) ?? []), m.reason ? `${m.unit} (${m.reason})` : m.unit]);
  }
  return [...stretches].map(([stretch, units]) => `${stretch}: ${units.join(', ')}`).join('; ');
}

/** Whether a query failed because its filter cannot be read: asking again does not help. */
export const isFilterMistake = (error: Error): boolean => error instanceof ApiError && error.code === 'FILTER_SYNTAX';

/** The sentence before the list of gaps. */
export function headline(coverages: readonly Coverage[], stopped: boolean): string | undefined {
  const [worst] = [...coverages].sort((a, b) => answered(a) - answered(b));
  if (!worst || (worst.complete && !stopped)) return undefined;
  const units = `${worst.unitsAnswered} of ${worst.unitsAsked} units answered in full`;
  return stopped ? `Stopped early: ${units}. Totals are partial.` : `${units}. Totals are partial.`;
}

const answered = (c: Coverage): number => (c.complete ? 2 : c.unitsAsked === 0 ? 1 : c.unitsAnswered / c.unitsAsked);
