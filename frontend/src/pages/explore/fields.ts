import { fieldOf } from '../../format/values';

/** What flows can be grouped by, in the order in which it is offered. */
type GroupField = { value: string; label: string };

const field = (value: string, label: string): GroupField => ({ value, label });

const groupFields: readonly { group: string; items: GroupField[] }[] = [
  {
    group: 'Address',
    items: [
      field('srcAddr', 'Source address'),
      field('dstAddr', 'Destination address'),
      field('srcAddr/24/48', 'Source network /24, /48'),
      field('dstAddr/24/48', 'Destination network /24, /48'),
      field('srcAddr/16/32', 'Source network /16, /32'),
      field('dstAddr/16/32', 'Destination network /16, /32'),
      field('nextHop', 'Next hop'),
    ],
  },
  {
    group: 'Either end',
    items: [
      field('addr', 'Address, either end'),
      field('addr/24/48', 'Network /24, /48, either end'),
      field('port', 'Port, either end'),
      field('as', 'AS, either end'),
      field('if', 'Interface, either end'),
    ],
  },
  {
    group: 'Service',
    items: [
      field('srcPort', 'Source port'),
      field('dstPort', 'Destination port'),
      field('proto', 'Protocol'),
      field('tcpFlags', 'TCP flags'),
      field('tos', 'Type of service'),
      field('icmpType', 'ICMP type'),
      field('icmpCode', 'ICMP code'),
      field('app', 'Application'),
    ],
  },
  {
    group: 'Network',
    items: [
      field('exporter', 'Exporter'),
      field('sourceGroup', 'Source group'),
      field('channel', 'Channel'),
      field('inIf', 'Input interface'),
      field('outIf', 'Output interface'),
      field('srcAs', 'Source AS'),
      field('dstAs', 'Destination AS'),
      field('srcVlan', 'Source VLAN'),
      field('dstVlan', 'Destination VLAN'),
      field('direction', 'Direction'),
      field('observationDomain', 'Observation domain'),
      field('version', 'Export format'),
      field('samplingRate', 'Sampling rate'),
    ],
  },
];

const labels = new Map(groupFields.flatMap((g) => g.items.map((i) => [i.value, i.label])));

/** Whether a column counts, instead of telling what a flow is. */
export const isCounter = (name: string): boolean => name === 'bytes' || name === 'packets' || name === 'flows';

const others: Record<string, string> = {
  bytes: 'Bytes', packets: 'Packets', flows: 'Flows', time: 'Time', first: 'First', last: 'Last',
  srcMask: 'Source mask', dstMask: 'Destination mask', srcMac: 'Source MAC', dstMac: 'Destination MAC',
};

const networkOf = (label: string): string => label.replace('address', 'network').replace('Address', 'Network');

/** What people call a column: Source network /20 of srcAddr/20. */
export function columnLabel(name: string): string {
  const known = labels.get(name) ?? others[name];
  if (known) return known;
  const [base = name, ...prefixes] = name.split('/');
  const plain = labels.get(base);
  return plain && prefixes.length > 0 ? `${networkOf(plain)} /${prefixes.join(', /')}` : name;
}

/** The fields that the Master groups by, and those of the URL that are not among them. */
export function offered(present: readonly string[], isGroupable: (field: string) => boolean): { group: string; items: GroupField[] }[] {
  const own = groupFields
    .map((g) => ({ ...g, items: g.items.filter((i) => present.includes(i.value) || isGroupable(fieldOf(i.value))) }))
    .filter((g) => g.items.length > 0);
  const extra = present.filter((p) => !labels.has(p)).map((p) => field(p, columnLabel(p)));
  return extra.length === 0 ? own : [...own, { group: 'Other', items: extra }];
}
