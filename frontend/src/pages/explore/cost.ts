/** How answers came about and what they cost, in words. */
import { count, exact, si } from '../../format/numbers';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import { sum } from '../../lists';

const merges: Record<string, string> = {
  all: 'full merge',
  threshold: 'threshold algorithm',
  local: 'one unit had all',
};

type Way = Pick<ResultPartsFragment, 'method' | 'merge'>;

/** Whether an answer is exact, and how the units' answers became one: exact, full merge. */
export const wayOf = ({ method, merge }: Way): string => (merge === '' ? method : `${method}, ${merges[merge] ?? merge}`);

/** The ways of all answers, and what came from where; nothing that is zero. */
export function costOf(results: readonly (Way & Pick<ResultPartsFragment, 'stats'>)[]): string[] {
  const of = (counter: (s: ResultPartsFragment['stats']) => number | string) => sum(results, (r) => Number(counter(r.stats)));
  const [segments, cached] = [of((s) => s.segments), of((s) => s.cachedSegments)];
  const [points, wire, spilled] = [of((s) => s.seriesPoints), of((s) => s.wireBytes), of((s) => s.spilledBytes)];
  return [
    ...new Set(results.map(wayOf)),
    cached > 0 && `${exact(cached)} of ${count(segments, 'segment')} cached`,
    points > 0 && `${si(points)} sums of the series store`,
    wire > 0 && `${si(wire, 'B')} between units`,
    spilled > 0 && `${si(spilled, 'B')} through files`,
  ].filter((text) => text !== false && text !== '') as string[];
}
