/** One source as the API gives it: an exporter's domain, seen by one unit. */
import type { SourcePartsFragment } from '../../graphql/generated/graphql';
import { groupBy } from '../../lists';

export type Source = SourcePartsFragment;
export type Drop = Source['drops'][number];
export type Sequence = Source['sequences'][number];

/** The share of what the exporter sent that did not arrive, 0 to 1. */
export const lossShare = (s: Sequence): number => (Number(s.expected) > 0 ? Number(s.lost) / Number(s.expected) : 0);

/**
 * Drops by unit, hop, kind and reason. Packets are counted per exporter and
 * told with each of its domains; records are counted per domain.
 */
export function mergeDrops(sources: readonly Source[]): Drop[] {
  const same = groupBy(sources.flatMap((s) => s.drops), (d) => [d.unitName, d.hop, d.kind, d.reason].join(' '));
  const merged = [...same.values()].map((drops) => {
    const counts = drops.map((d) => Number(d.count));
    const [first] = drops as [Drop];
    return { ...first, count: String(first.kind === 'packets' ? Math.max(...counts) : counts.reduce((n, c) => n + c, 0)) };
  });
  return merged.filter((d) => d.count !== '0').sort((a, b) => Number(b.count) - Number(a.count));
}

/** Whether the source group tells senders of one address apart by their ports. */
const isByPort = ({ port }: Source): boolean => port !== null && port !== undefined;

/** What makes a sender of one address a source of its own: its domain, or its port. */
export const senderOf = (s: Source): string => (isByPort(s) ? `${s.domain} port ${s.port}` : s.domain);

/** The unit, domain and port of a source, as far as they tell it from the others. */
export function placeOf(s: Source, among: readonly Source[]): string {
  const port = isByPort(s) ? `, port ${s.port}` : '';
  return among.some((o) => o.domain !== s.domain) ? `${s.unitName}, domain ${s.domain}${port}` : `${s.unitName}${port}`;
}
