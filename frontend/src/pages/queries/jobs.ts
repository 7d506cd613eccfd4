/** Queries of the deployment, as their list shows them. */
import { count, exact } from '../../format/numbers';
import type { QueriesQuery } from '../../graphql/generated/graphql';
import { sum } from '../../lists';
import { columnLabel } from '../explore/fields';
import { defaultView, writeView, type Search } from '../explore/url';

export type Job = QueriesQuery['queries'][number];

/** How many rows the Master gives to whoever does not say. */
const defaultLimits = { top: 10, flows: 100 };

/** What was asked, in words: the first 10 by source address, tcp. */
export function questionOf({ kind, groupBy, limit }: Job['request']): string {
  const by = groupBy.map(columnLabel).join(', ');
  switch (kind) {
    case 'top':
      return `first ${exact(limit || defaultLimits.top)} by ${by}`;
    case 'series':
      return by === '' ? 'over time' : `over time by ${by}`;
    case 'flows':
      return `${count(limit || defaultLimits.flows, 'record')} at most`;
    default:
      return 'sums';
  }
}

/** The range as it was asked, with its defaults. */
export const rangeOf = ({ from, to }: Job['request']): string => `${from || 'now-1h'} – ${to || 'now'}`;

type Done = { units: number; of: number; share: number; rows: number };

/** How far the units are, by the segments they have read. */
export function doneOf({ progress }: Pick<Job, 'progress'>): Done {
  const segments = sum(progress, (u) => u.segments);
  const units = progress.filter((u) => u.state === 'done').length;
  const share = segments > 0 ? sum(progress, (u) => u.segmentsDone) / segments : progress.length > 0 ? units / progress.length : 0;
  return { units, of: progress.length, share, rows: sum(progress, (u) => Number(u.rowsScanned)) };
}

/** Units told one by one; of more, only how many there are. */
const unitsTold = 6;

/** The units of a running query that are worth a word, those first that are not done, and how many more there are. */
export function unitsOf({ progress }: Pick<Job, 'progress'>): { told: Job['progress']; more: number } {
  const open = progress.filter((u) => u.state !== 'done');
  const told = [...open, ...progress.filter((u) => u.state === 'done')].slice(0, unitsTold);
  return { told, more: progress.length - told.length };
}

/** How long a query has taken or takes, in milliseconds. */
export const tookMs = ({ created, ended }: Pick<Job, 'created' | 'ended'>, now: number): number =>
  Math.max(0, (ended ? Date.parse(ended) : now) - Date.parse(created));

/** The same question in Explore. */
export function exploreSearch({ kind, from, to, filter, groupBy }: Job['request']): Search {
  const range = { from: from || defaultView.range.from, to: to || defaultView.range.to };
  return writeView({ ...defaultView, range, filter, by: kind === 'flows' ? defaultView.by : groupBy, tab: kind === 'flows' ? 'flows' : 'top' });
}
