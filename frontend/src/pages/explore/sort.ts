/**
 * The order of records as the API writes it: a field, with - reversed. Time
 * ascends by itself, every other field descends.
 */
import type { Direction } from '../../components/SortButton';

/** How a column is sorted by an order, or undefined. */
export function directionOf(sort: string, column: string): Direction | undefined {
  const reversed = sort.startsWith('-');
  if (sort.slice(reversed ? 1 : 0) !== column) return undefined;
  return (column === 'time') !== reversed ? 'ascending' : 'descending';
}

/** The order after a click on a column: the greatest first, then the least. */
export function nextSort(sort: string, column: string): string {
  const greatestFirst = column === 'time' ? '-time' : column;
  if (sort !== greatestFirst) return greatestFirst;
  return column === 'time' ? 'time' : `-${column}`;
}
