/**
 * Sources as an operator counts them: one exporter of one source group, with
 * all its observation domains, seen by one unit or by several.
 */
import { groupBy, sum } from '../../lists';
import { problemsOf, type Problem, type Tone, worst } from './problems';
import { lossShare, mergeDrops, senderOf, type Drop, type Sequence, type Source } from './source';

export type Exporter = {
  /** Unique, readable, and what the URL calls it: london/192.0.2.1. */
  key: string;
  address: string;
  /** What an operator calls it; empty if nobody has named it. */
  name: string;
  /** What settings of it are changed by; undefined if the unit has no source group any more. */
  flowSource: string | undefined;
  /** Of the settings that operators make. */
  settings: { name: string; samplingRate: number | null; revision: string };
  /** Of the source group; empty if the unit has none any more. */
  group: string;
  /** Everything that is known, by domain and unit. */
  sources: Source[];
  /** Per domain what the unit says that sees most of it. */
  leading: Source[];
  protocols: string[];
  lastSeen: number | undefined;
  packetsPerSecond: number;
  recordsPerSecond: number;
  /** What is lost on the way lately, in the units of its sequences. */
  lostPerSecond: number;
  /** What weir drops of it lately, packets and records. */
  droppedPerSecond: number;
  sampling: Source['sampling'];
  /** The sequence that lost the greatest share; undefined if no format has one. */
  loss: Sequence | undefined;
  clock: Source['clock'] | undefined;
  templates: { count: number; isFlapping: boolean };
  drops: Drop[];
  dropped: number;
  problems: Problem[];
  tone: Tone;
};

export const keyOf = (s: Pick<Source, 'exporter' | 'sourceGroupName'>): string =>
  s.sourceGroupName === '' ? s.exporter : `${s.sourceGroupName}/${s.exporter}`;

/** Every exporter once, in the order in which they came. */
export function exportersOf(sources: readonly Source[], now: number): Exporter[] {
  return [...groupBy(sources, keyOf)].map(([key, own]) => exporterOf(key, own, now));
}

function exporterOf(key: string, sources: Source[], now: number): Exporter {
  const leading = leaders(sources);
  const [first] = leading as [Source];
  const drops = mergeDrops(sources);
  const lastSeen = Math.max(...sources.map((s) => (s.lastSeen ? Date.parse(s.lastSeen) : 0)));
  const problems = problemsOf(sources, lastSeen, now);
  return {
    key,
    address: first.exporter,
    name: first.name,
    flowSource: first.flowSource ?? undefined,
    settings: { name: first.name, samplingRate: first.samplingRate ?? null, revision: first.revision },
    group: first.sourceGroupName,
    sources,
    leading,
    protocols: [...new Set(leading.flatMap((s) => s.protocols))].sort(),
    lastSeen: lastSeen > 0 ? lastSeen : undefined,
    packetsPerSecond: sum(leading, (s) => s.packetsPerSecond),
    recordsPerSecond: sum(leading, (s) => s.recordsPerSecond),
    lostPerSecond: sum(leading, (s) => s.lostPerSecond),
    droppedPerSecond: Math.max(...leading.map((s) => s.droppedPerSecond)), // packets are told with each domain
    sampling: mergeSampling(leading),
    loss: worstLoss(leading.flatMap((s) => s.sequences)),
    clock: worstClock(leading),
    templates: { count: sum(leading, (s) => s.templates.count), isFlapping: sources.some((s) => s.templates.isFlapping) },
    drops,
    dropped: sum(drops, (d) => Number(d.count)),
    problems,
    tone: worst(problems),
  };
}

/**
 * Units of one source group hold the same flows, so that their counts must
 * not be added: per domain, the unit speaks that receives most.
 */
function leaders(sources: readonly Source[]): Source[] {
  const more = (a: Source, b: Source) =>
    b.recordsPerSecond - a.recordsPerSecond || Number(b.records) - Number(a.records) || Number(b.packets) - Number(a.packets);
  return [...groupBy(sources, senderOf).values()].map((own) => [...own].sort(more)[0] as Source);
}

/** The newest rate of the busiest domain, with the rates of all. */
function mergeSampling(leading: readonly Source[]): Source['sampling'] {
  const told = [...leading].filter((s) => s.sampling.origin !== '').sort((a, b) => b.recordsPerSecond - a.recordsPerSecond);
  const [busiest] = told;
  if (!busiest) return { rate: '0', origin: '', rates: [], unscaled: '0' };
  const silent = told.find((s) => s.sampling.origin === 'unknown');
  return {
    rate: (silent ?? busiest).sampling.rate,
    origin: (silent ?? busiest).sampling.origin,
    rates: [...new Set(told.flatMap((s) => s.sampling.rates))],
    unscaled: String(sum(told, (s) => Number(s.sampling.unscaled))),
  };
}

function worstLoss(sequences: readonly Sequence[]): Sequence | undefined {
  return [...sequences].sort((a, b) => lossShare(b) - lossShare(a) || Number(b.expected) - Number(a.expected))[0];
}

/** sFlow has no export time, so that its clock says nothing. */
function worstClock(leading: readonly Source[]): Source['clock'] | undefined {
  const told = leading.filter((s) => s.protocols.some((p) => p !== 'sflow5'));
  return [...told].sort((a, b) => Math.abs(Number(b.clock.skewMs)) - Math.abs(Number(a.clock.skewMs)))[0]?.clock;
}
