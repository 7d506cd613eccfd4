/** Which exporters are shown, and in which order. */
import { originOf, protocolName } from '../../format/words';
import { addressKey } from './address';
import type { Exporter } from './exporters';
import { byTone } from './problems';
import { lossShare } from './source';

export type Wanted = {
  text: string;
  group: string;
  protocol: string;
  problems: boolean;
};

/** Those that match every word of the text and every filter. */
export function select(exporters: readonly Exporter[], { text, group, protocol, problems }: Wanted): Exporter[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return exporters.filter(
    (e) =>
      (group === '' || e.group === group) &&
      (protocol === '' || e.protocols.includes(protocol)) &&
      (!problems || e.tone !== 'ok') &&
      words.every((w) => searchable(e).includes(w)),
  );
}

function searchable(e: Exporter): string {
  const units = e.sources.flatMap((s) => [s.unitName, ...(s.port ? [String(s.port)] : [])]);
  const protocols = e.protocols.map(protocolName);
  const origin = originOf(e.sampling.origin)?.short ?? '';
  const reasons = e.drops.map((d) => d.reason);
  return [e.address, e.name, e.group, ...units, ...protocols, origin, ...reasons, ...e.problems.map((p) => p.text)].join(' ').toLowerCase();
}

/** The columns that can be sorted by. */
export const columns = [
  'health', 'exporter', 'name', 'group', 'protocol', 'seen', 'records', 'packets', 'sampling', 'loss', 'skew', 'templates', 'drops',
] as const;

export type Column = (typeof columns)[number];

/** A column, and whether it is read from its end. */
export type Sort = { column: Column; down: boolean };

const texts = new Set<Column>(['exporter', 'name', 'group', 'protocol']);

/** A click sorts by what matters first: names upwards, numbers and health downwards; another click turns it. */
export const nextSort = (sort: Sort, column: Column): Sort =>
  sort.column === column ? { column, down: !sort.down } : { column, down: !texts.has(column) };

type Compare = (a: Exporter, b: Exporter) => number;

const by = (of: (e: Exporter) => number): Compare => (a, b) => of(a) - of(b);
const byText = (of: (e: Exporter) => string): Compare => (a, b) => of(a).localeCompare(of(b), 'en');

/** The share that was lost since the start; those that tell nothing come below those that lost nothing. */
const share = ({ loss }: Exporter): number => (loss ? lossShare(loss) : -1);

const compare: Record<Column, Compare> = {
  health: (a, b) => byTone(a.tone, b.tone) || a.problems.length - b.problems.length,
  exporter: byText((e) => addressKey(e.address)),
  name: byText((e) => e.name || '\uffff'), // those without a name last
  group: byText((e) => e.group),
  protocol: byText((e) => e.protocols.join(' ')),
  seen: by((e) => e.lastSeen ?? 0),
  records: by((e) => e.recordsPerSecond),
  packets: by((e) => e.packetsPerSecond),
  sampling: by((e) => Number(e.sampling.rate)),
  loss: (a, b) => a.lostPerSecond - b.lostPerSecond || share(a) - share(b),
  skew: by((e) => (e.clock ? Math.abs(Number(e.clock.skewMs)) : -1)),
  templates: by((e) => e.templates.count),
  drops: (a, b) => a.droppedPerSecond - b.droppedPerSecond || a.dropped - b.dropped,
};

/** Sorted; what is equal stays in the order of addresses. */
export function sorted(exporters: readonly Exporter[], { column, down }: Sort): Exporter[] {
  const sign = down ? -1 : 1;
  const known = exporters.map((e) => [addressKey(e.address), e] as const);
  known.sort(([x, a], [y, b]) => sign * compare[column](a, b) || (x < y ? -1 : x > y ? 1 : a.key.localeCompare(b.key, 'en')));
  return known.map(([, e]) => e);
}

/**
 * The present exporters in an order from before: rows stay where they are
 * while someone reads them, new ones come last.
 */
export function inOrder(exporters: readonly Exporter[], order: readonly string[]): Exporter[] {
  const place = new Map(order.map((key, i) => [key, i]));
  return [...exporters].sort((a, b) => (place.get(a.key) ?? order.length) - (place.get(b.key) ?? order.length));
}
