/** Filter text made from a value that someone clicked. */
import { fieldOf, tcpFlags, type Value } from '../format/values';

const sides: Record<string, string> = { srcAddr: 'src', dstAddr: 'dst', srcPort: 'src', dstPort: 'dst' };

const numbers: Record<string, string> = {
  proto: 'proto', inIf: 'in if', outIf: 'out if', srcAs: 'src as', dstAs: 'dst as', srcVlan: 'src vlan',
  dstVlan: 'dst vlan', tos: 'tos',
};

/** The term that matches a value of a column, or undefined if the language has none. */
export function termOf(column: string, value: Value): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const field = fieldOf(column);
  const prefix = column.includes('/') ? column.slice(field.length) : '';
  switch (field) {
    case 'srcAddr':
    case 'dstAddr':
      return prefix ? `${sides[field]} net ${withPrefix(String(value), prefix)}` : `${sides[field]} ip ${value}`;
    case 'srcPort':
    case 'dstPort':
      return `${sides[field]} port ${value}`;
    case 'exporter':
      return `router ip ${value}`;
    case 'nextHop':
      return `next ip ${value}`;
    case 'tcpFlags':
      return flagsTerm(Number(value));
    default:
      return numbers[field] ? `${numbers[field]} ${value}` : undefined;
  }
}

const withPrefix = (address: string, prefix: string): string =>
  address.includes('/') ? address : `${address}${prefix}`;

function flagsTerm(bits: number): string | undefined {
  const letters = tcpFlags(bits).replace(/[.EC]/g, '');
  return letters ? `flags ${letters}` : undefined;
}

const alternatives = /\bor\b|\|\|/i;

/** The terms of a filter, bound together if `and` would take them apart. */
const bound = (filter: string): string => (alternatives.test(filter) ? `(${filter})` : filter);

/** Narrows a filter to a term, or to what the term does not match. */
export function narrow(filter: string, term: string, how: 'include' | 'exclude'): string {
  const added = how === 'include' ? term : `not ${term.includes(' and ') ? `(${term})` : term}`;
  const present = filter.trim();
  if (present === '') return added;
  return `${bound(present)} and ${added}`;
}

/** The terms of several values at once. */
export function termOfGroup(columns: readonly string[], values: readonly Value[]): string | undefined {
  const terms = columns.map((column, i) => termOf(column, values[i]));
  return terms.every((t) => t !== undefined) && terms.length > 0 ? terms.join(' and ') : undefined;
}
