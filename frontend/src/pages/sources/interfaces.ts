/** What counter samples of sFlow tell of interfaces, and how fast their counters move. */
import type { SourceDetailQuery } from '../../graphql/generated/graphql';

export type Detail = SourceDetailQuery['sources']['sources'][number];
export type Interface = Detail['interfaces'][number];

/** The newest report of an interface, and the one before it while the page was open. */
export type Reports = { newest: Interface; before: Interface | undefined };

/** By source and ifIndex. */
export type Known = Readonly<Record<string, Reports>>;

export const keyOf = (source: Pick<Detail, 'id'>, { index }: Pick<Interface, 'index'>): string => `${source.id} ${index}`;

/** The newest reports, each with the one before it. Exporters report every 20 s or so, more rarely than they are asked. */
export function keepReports(known: Known | undefined, details: readonly Detail[]): Known {
  const pairs = details.flatMap((d) =>
    d.interfaces.map((newest): [string, Reports] => {
      const old = known?.[keyOf(d, newest)];
      return [keyOf(d, newest), { newest, before: old?.newest.seen === newest.seen ? old?.before : old?.newest }];
    }),
  );
  return Object.fromEntries(pairs);
}

export type Rates = { inBits: number; outBits: number };

/** Bits per second between two reports; undefined before the second, and when the exporter has begun to count anew. */
export function ratesOf({ newest, before }: Reports): Rates | undefined {
  if (!before?.seen || !newest.seen) return undefined;
  const seconds = (Date.parse(newest.seen) - Date.parse(before.seen)) / 1000;
  const octets = (of: (i: Interface) => string) => Number(BigInt(of(newest)) - BigInt(of(before)));
  const [received, sent] = [octets((i) => i.inOctets), octets((i) => i.outOctets)];
  return seconds > 0 && received >= 0 && sent >= 0 ? { inBits: (received * 8) / seconds, outBits: (sent * 8) / seconds } : undefined;
}

/** Kinds of interfaces that operators meet (IANAifType-MIB). */
const types: Record<string, string> = {
  '6': 'Ethernet', '23': 'PPP', '24': 'loopback', '53': 'virtual', '131': 'tunnel', '135': 'VLAN', '136': 'routed VLAN', '161': 'aggregate', '209': 'bridge',
};

export const typeName = (type: string): string => types[type] ?? `type ${type}`;
