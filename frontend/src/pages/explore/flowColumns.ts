/** Which fields of records are shown, and how wide. */
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import { isCounter } from './fields';

/** Columns that are shown, in this order; the rest follows when all fields are asked for. */
const order = [
  'time', 'exporter', 'srcAddr', 'srcPort', 'dstAddr', 'dstPort', 'proto', 'tcpFlags', 'bytes', 'packets', 'inIf', 'outIf',
  'srcAs', 'dstAs', 'first', 'last', 'version', 'samplingRate',
];

const widths: Record<string, number> = {
  time: 192, first: 192, last: 192, exporter: 118, srcAddr: 172, dstAddr: 172, tcpFlags: 80, srcPort: 100, dstPort: 116,
  proto: 74, bytes: 82, packets: 78, nextHop: 130, srcMac: 130, dstMac: 130, version: 96,
};

export type Shown = { at: number; name: string; width: number; counter: boolean };

export function shownColumns(result: ResultPartsFragment, all: boolean): Shown[] {
  const rank = (name: string) => (order.indexOf(name) + 1 || order.length + 1);
  return result.columns
    .map((c, at) => ({ at, name: c.name, width: widths[c.name] ?? 92, counter: isCounter(c.name) }))
    .filter((c) => all || order.includes(c.name))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.at - b.at);
}
