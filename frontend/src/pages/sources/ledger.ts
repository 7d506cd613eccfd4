/**
 * The books: what each unit received, what it passed on or stored, and what
 * it dropped for which reason. Received = kept + dropped + under way.
 */
import type { LedgerQuery, SourceLedgerQuery } from '../../graphql/generated/graphql';
import { groupBy, sum } from '../../lists';

export type UnitLedger = LedgerQuery['ledger'][number];
export type SourceLedger = SourceLedgerQuery['sourceLedgers']['ledgers'][number];
export type Entry = UnitLedger['entries'][number];
export type EntryDrop = Entry['dropped'][number];

/** Received counts of every account at some moments, the newest first. */
type Past = readonly { at: number; received: Readonly<Record<string, number>> }[];

export type Books = {
  units: readonly UnitLedger[];
  /** When each unit started, by its ID, as far as it is known: counts begin then. */
  started: Readonly<Record<string, number>>;
  past: Past;
};

/** What waits longer than this for a template or in a queue is not under way any more. */
export const settleMs = 60_000;

const accountKey = (unit: string, e: Entry): string => [unit, e.hop, e.kind, e.exporter ?? '', e.domain].join(' ');

/** The books with what earlier ones tell of the last minute. */
export function keepBooks(before: Books | undefined, units: readonly UnitLedger[], started: Books['started'], at: number): Books {
  const received = Object.fromEntries(units.flatMap((u) => u.entries.map((e) => [accountKey(u.unit, e), Number(e.received)])));
  const recent = before?.past ?? [];
  const first = recent.findIndex((p) => at - p.at >= settleMs); // the one moment before the last minute
  const past = [{ at, received }, ...(first < 0 ? recent : recent.slice(0, first + 1))];
  return { units, started, past };
}

/** When each unit started, by its ID. */
export const startsOf = ({ topology }: LedgerQuery): Books['started'] =>
  Object.fromEntries(topology.units.flatMap(({ id, status }) => (status.started ? [[id, Date.parse(status.started)] as const] : [])));

/** The account of one exporter as accounts of units, in the order of the way. */
export function unitsOf(ledger: SourceLedger): UnitLedger[] {
  return [...groupBy(ledger.accounts, (a) => a.unit).values()].map((accounts) => ({
    unit: accounts[0]?.unit ?? '',
    name: accounts[0]?.unitName ?? '',
    error: '',
    entries: accounts.map((a) => ({ ...a, exporter: ledger.exporter ?? null, domain: '0' })),
    sent: ledger.sent
      .filter((s) => s.unit === accounts[0]?.unit)
      .map((s) => ({ slave: s.slave, name: s.slaveName, packets: '0', records: s.records, droppedPackets: [], droppedRecords: [] })),
    ports: [],
    forwarded: [],
  }));
}

export type Balance = {
  /** Received less than a minute ago: on its way through the unit. */
  underWay: number;
  /** Older than that, and neither kept nor dropped. Negative: accounted for twice. */
  unexplained: number;
};

/** Whether the account of an entry explains everything that was received. */
export function balanceOf(books: Books, unit: string, e: Entry): Balance {
  const missing = Number(e.missing);
  if (missing < 0) return { underWay: 0, unexplained: missing };
  const oldest = books.past[books.past.length - 1];
  const settled = oldest && (books.past[0]?.at ?? 0) - oldest.at >= settleMs ? oldest.received[accountKey(unit, e)] : 0;
  const unexplained = Math.max(0, (settled ?? 0) - (Number(e.received) - missing));
  return { underWay: missing - unexplained, unexplained };
}

/** Records that Proxies sent and Slaves lack, at some moments, the newest first. */
export type Gaps = readonly { at: number; records: number }[];

/** The gaps of the last minute, with the newest. */
export const keepGaps = (before: Gaps, records: number, at: number): Gaps =>
  [{ at, records }, ...before].filter((_, i, all) => i === 0 || at - (all[i - 1] as Gaps[number]).at < settleMs);

/** Units tell their counts at different moments, so that what passes in this time is no gap. */
const apartS = 5;

/** What has been lacking (or too much, below 0) for a minute without a break; 0 while that is only what passes. */
export function lastingGap(gaps: Gaps, recordsPerSecond: number): number {
  const [newest, oldest] = [gaps[0], gaps[gaps.length - 1]];
  if (!newest || !oldest || newest.at - oldest.at < settleMs) return 0;
  const sign = Math.sign(newest.records);
  const least = Math.min(...gaps.map((g) => g.records * sign));
  return least > recordsPerSecond * apartS ? least * sign : 0;
}

export const droppedOf = (e: Pick<Entry, 'dropped'>): number => sum(e.dropped, (d) => Number(d.count));

/** Units in the order in which flows pass them: each Proxy, then its Slaves. */
export function inFlowOrder(units: readonly UnitLedger[]): UnitLedger[] {
  const byId = new Map(units.map((u) => [u.unit, u]));
  const slaves = new Set(units.flatMap((u) => u.sent.map((s) => s.slave)));
  const heads = units.filter((u) => !slaves.has(u.unit)).sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const tail = (u: UnitLedger) =>
    u.sent.flatMap((s) => byId.get(s.slave) ?? []).sort((a, b) => a.name.localeCompare(b.name, 'en'));
  return [...new Set([...heads.flatMap((u) => [u, ...tail(u)]), ...units])];
}

/** Units whose name, error or reasons hold every word; if `problems`, only those that dropped or do not balance. */
export function selectUnits(books: Books, { text, problems }: { text: string; problems: boolean }): UnitLedger[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return books.units.filter((u) => (!problems || isTroubled(books, u)) && words.every((w) => wordsOf(u).includes(w)));
}

const dropsOf = (u: UnitLedger): EntryDrop[] => [
  ...u.entries.flatMap((e) => e.dropped),
  ...u.forwarded.flatMap((f) => f.dropped),
  ...u.sent.flatMap((s) => [...s.droppedPackets, ...s.droppedRecords]),
];

export const isTroubled = (books: Books, u: UnitLedger): boolean =>
  u.error !== '' || dropsOf(u).length > 0 || u.entries.some((e) => balanceOf(books, u.unit, e).unexplained !== 0);

const wordsOf = (u: UnitLedger): string => [u.name, u.error, ...dropsOf(u).map((d) => d.reason.replaceAll('_', ' '))].join(' ').toLowerCase();

export type Totals = { packets: number; records: number; stored: number; droppedPackets: number; droppedRecords: number; underWay: number; unexplained: number };

/** The deployment as a whole: received at its edge, stored at its end. */
export function totalsOf(books: Books): Totals {
  const slaves = new Set(books.units.flatMap((u) => u.sent.map((s) => s.slave)));
  const all = books.units.flatMap((u) => u.entries.map((e) => ({ u, e, isEdge: !slaves.has(u.unit) })));
  const received = (hops: readonly string[], kind: string) =>
    sum(all.filter(({ e, isEdge }) => isEdge && e.kind === kind && hops.includes(e.hop)), ({ e }) => Number(e.received));
  const dropped = (kind: string) => sum(all.filter(({ e }) => e.kind === kind), ({ e }) => droppedOf(e));
  const balances = all.map(({ u, e }) => balanceOf(books, u.unit, e));
  return {
    packets: received(['receive'], 'packets'),
    records: received(['distribute', 'store'], 'records'),
    stored: sum(all.filter(({ e }) => e.hop === 'store' && e.kind === 'records'), ({ e }) => Number(e.kept)),
    droppedPackets: dropped('packets'),
    droppedRecords: dropped('records'),
    underWay: sum(balances, (b) => b.underWay),
    unexplained: sum(balances, (b) => Math.abs(b.unexplained)),
  };
}

export type Loss = { reason: string; kind: string; count: number; where: { name: string; hop: string; count: number }[] };

/** What was dropped, the greatest first. */
export function lossesOf(units: readonly UnitLedger[]): Loss[] {
  const all = units.flatMap((u) =>
    u.entries.flatMap((e) => e.dropped.map((d) => ({ name: u.name, hop: e.hop, kind: e.kind, reason: d.reason, count: Number(d.count) }))),
  );
  const losses = [...groupBy(all, (d) => `${d.reason} ${d.kind}`).values()].map((same) => ({
    reason: same[0]?.reason ?? '',
    kind: same[0]?.kind ?? '',
    count: sum(same, (d) => d.count),
    where: same.map(({ name, hop, count }) => ({ name, hop, count })).sort((a, b) => b.count - a.count),
  }));
  return losses.sort((a, b) => b.count - a.count);
}

export type Delivery = {
  name: string;
  sent: number;
  /** Undefined: the Slave does not answer, or counts since another start. */
  arrived: number | undefined;
  /** What was dealt out to it and dropped, by kind. */
  dropped: readonly { kind: string; drops: readonly EntryDrop[] }[];
};

/** Whether what a Proxy sent to each Slave has arrived there, in packets. */
export function deliveriesOf(books: Books, proxy: UnitLedger): Delivery[] {
  return proxy.sent.map((s) => {
    const slave = books.units.find((u) => u.unit === s.slave);
    const receive = slave?.entries.find((e) => e.hop === 'receive' && e.kind === 'packets' && !e.exporter);
    const isComparable = sameStart(books.started[proxy.unit], books.started[s.slave]);
    const dropped = [{ kind: 'records', drops: s.droppedRecords }, { kind: 'packets', drops: s.droppedPackets }];
    return {
      name: s.name || s.slave,
      sent: Number(s.packets),
      arrived: receive && isComparable ? Number(receive.received) : undefined,
      dropped: dropped.filter(({ drops }) => drops.length > 0),
    };
  });
}

/** Units that start together begin to count before the first packet passes. */
const togetherMs = 30_000;

const sameStart = (a: number | undefined, b: number | undefined): boolean =>
  a !== undefined && b !== undefined && Math.abs(a - b) < togetherMs;
