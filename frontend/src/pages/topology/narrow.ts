/** Which units of the topology are shown. */
import { toneOf } from '../../components/StateBadge';
import type { BadgeTone } from '../../components/ToneBadge';
import { sum } from '../../lists';
import { modelNames, reasonsOf, type Place, type Section } from './sections';

export type Wanted = { text: string; troubled: boolean };

const isTroubled = ({ unit }: Place): boolean => unit.status.state === 'lost' || unit.status.state === 'degraded';

export const troubledIn = (sections: readonly Section[]): number => sum(sections, (s) => s.places.filter(isTroubled).length);

export const unitsIn = (sections: readonly Section[]): number => sum(sections, (s) => s.places.length);

/** The units that match every word and filter, under their sections; sections that are left without any go. */
export function narrow(sections: readonly Section[], { text, troubled }: Wanted): readonly Section[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && !troubled) return sections;
  return sections.flatMap((section) => {
    const head = titleOf(section);
    const places = section.places.filter((p) => (!troubled || isTroubled(p)) && words.every((w) => searchable(head, p).includes(w)));
    return places.length === 0 ? [] : [{ ...section, places }];
  });
}

function titleOf(section: Section): string {
  if (section.kind !== 'source') return section.kind;
  const { name, description, model, delivery } = section.source;
  return [name, description, modelNames[model], delivery].join(' ');
}

const searchable = (head: string, { unit, group }: Place): string =>
  [head, unit.name, unit.role, unit.status.state, group?.name ?? '', ...reasonsOf(unit)].join(' ').toLowerCase();

export type Tile = {
  key: string;
  title: string;
  tone: BadgeTone;
  /** Units that are not active, in words: 1 lost, 2 joining; empty if all are. */
  troubles: string;
  recordsPerSecond: number;
  section: Section;
};

const rank: Record<BadgeTone, number> = { bad: 0, warn: 1, idle: 2, ok: 3 };

/** Each section as one tile, the worst first. */
export function tilesOf(sections: readonly Section[]): Tile[] {
  const tiles = sections.filter((s) => s.places.length > 0).map(tileOf);
  return tiles.sort((a, b) => rank[a.tone] - rank[b.tone]);
}

const states = ['lost', 'degraded', 'joining', 'expected'] as const;

function tileOf(section: Section): Tile {
  const tones = section.places.map((p) => toneOf(p.unit.status.state));
  const found = states.map((state) => [section.places.filter((p) => p.unit.status.state === state).length, state] as const);
  const edge = section.places.filter(({ unit }) => unit.role === 'proxy' || unit.role === 'standalone');
  return {
    key: section.key,
    title: section.kind === 'source' ? section.source.name : section.kind === 'masters' ? 'Masters' : 'In no source group',
    tone: tones.sort((a, b) => rank[a] - rank[b])[0] ?? 'idle',
    troubles: found.flatMap(([n, state]) => (n > 0 ? [`${n} ${state}`] : [])).join(', '),
    recordsPerSecond: sum(edge, (p) => p.unit.status.rates.recordsPerSecond),
    section,
  };
}
