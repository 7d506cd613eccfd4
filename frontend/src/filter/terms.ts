/** Filter text made from a value that someone clicked. */
import { fieldOf, type Value } from '../format/values';

/** The word of the language for a field whose value follows as a number. */
const numbers: Record<string, string> = {
  srcPort: 'src port', dstPort: 'dst port', proto: 'proto', tos: 'tos', inIf: 'in if', outIf: 'out if', srcAs: 'src as',
  dstAs: 'dst as', srcMask: 'src mask', dstMask: 'dst mask', srcVlan: 'src vlan', dstVlan: 'dst vlan',
  srcMac: 'src mac', dstMac: 'dst mac', icmpType: 'icmp-type', icmpCode: 'icmp-code', direction: 'flowdir',
  port: 'port', as: 'as', if: 'if', observationDomain: 'observationDomain', samplingRate: 'samplingRate', version: 'version', app: 'app',
};

const protocols: Record<string, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 47: 'gre', 50: 'esp', 58: 'icmp6' };

/** The term that matches a value of a column, or undefined if the language has none. */
export function termOf(column: string, value: Value): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const field = fieldOf(column);
  switch (field) {
    case 'srcAddr':
    case 'dstAddr':
      return `${field.slice(0, 3)} ${String(value).includes('/') ? 'net' : 'ip'} ${value}`;
    case 'addr':
      return `${String(value).includes('/') ? 'net' : 'ip'} ${value}`;
    case 'sourceGroup':
    case 'channel':
      return `${field.toLowerCase()} "${value}"`;
    case 'exporter':
      return `exporter ${value}`;
    case 'nextHop':
      return `next ip ${value}`;
    case 'proto':
      return `proto ${protocols[String(value)] ?? value}`;
    case 'tcpFlags': // flags = 0 would leave out what is not TCP
      return Number(value) > 0 ? `flags = ${value}` : undefined;
    default:
      return numbers[field] ? `${numbers[field]} ${value}` : undefined;
  }
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
