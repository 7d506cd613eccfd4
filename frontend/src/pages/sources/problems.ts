/** What is wrong with an exporter, in words, and how bad it is. */
import { exact, percent } from '../../format/numbers';
import { span } from '../../format/times';
import { groupBy, sum } from '../../lists';
import { protocolName, reasonOf } from '../../format/words';
import { lossShare, mergeDrops, placeOf, type Source } from './source';

export type Tone = 'ok' | 'warn' | 'bad';

export type Problem = { tone: Tone; text: string; help: string };

/** Exporters send templates at least this often; then something is wrong. */
const quietMs = 2 * 60_000;
const silentMs = 15 * 60_000;

/** A share of loss below this is a blip of UDP, above the other it distorts answers. */
const noticeableLoss = 0.0005;
const severeLoss = 0.01;

const rank: Record<Tone, number> = { ok: 0, warn: 1, bad: 2 };

export const byTone = (a: Tone, b: Tone): number => rank[a] - rank[b];

export const worst = (problems: readonly Problem[]): Tone =>
  problems.reduce<Tone>((tone, p) => (byTone(p.tone, tone) > 0 ? p.tone : tone), 'ok');

/** The worst first. */
export function problemsOf(sources: readonly Source[], lastSeen: number, now: number): Problem[] {
  const found = [...silence(sources, lastSeen, now), ...losses(sources), ...drops(sources), ...clocks(sources), ...templates(sources), ...sampling(sources)];
  return found.sort((a, b) => byTone(b.tone, a.tone));
}

const silenceHelp = 'Nothing arrives any more. Look at the exporter and at the network on the way.';

function silence(sources: readonly Source[], lastSeen: number, now: number): Problem[] {
  const gone = now - lastSeen;
  if (sources.every((s) => s.isRemembered)) {
    return [{ tone: gone < silentMs ? 'warn' : 'bad', text: `has sent nothing since ${sources[0]?.unitName} started`, help: silenceHelp }];
  }
  if (lastSeen === 0 || gone < quietMs) return [];
  return [{
    tone: gone < silentMs ? 'warn' : 'bad',
    text: `silent for ${span(gone)}`,
    help: silenceHelp,
  }];
}

/** Says of a loss that it is over. */
const past = (perSecond: number): string => (perSecond === 0 ? '; none in the last 5 minutes' : '');

function losses(sources: readonly Source[]): Problem[] {
  return sources.flatMap((s) =>
    s.sequences.flatMap((q): Problem[] => {
      const share = lossShare(q);
      if (share < noticeableLoss) return [];
      return [{
        tone: share < severeLoss || s.lostPerSecond === 0 ? 'warn' : 'bad',
        text: `${percent(share, 1)} of ${protocolName(q.protocol)} ${q.unit} lost on the way to ${placeOf(s, sources)}${past(s.lostPerSecond)}`,
        help: 'The sequence numbers have gaps: packets were lost between the exporter and the unit.',
      }];
    }),
  );
}

function drops(sources: readonly Source[]): Problem[] {
  const lately = Math.max(0, ...sources.map((s) => s.droppedPerSecond));
  const alike = groupBy(mergeDrops(sources), (d) => `${d.kind} ${d.reason}`);
  return [...alike.values()].map((same) => {
    const { kind, reason } = same[0] as (typeof same)[number];
    const n = sum(same, (d) => Number(d.count));
    const all = sum(sources, (s) => Number(kind === 'packets' ? s.packets : s.records)) + n;
    return {
      tone: n / all < severeLoss || lately === 0 ? 'warn' : 'bad',
      text: `${exact(n)} ${kind} dropped at ${same.map((d) => d.unitName).join(', ')}: ${reasonOf(reason).name}${past(lately)}`,
      help: reasonOf(reason).help,
    };
  });
}

function clocks(sources: readonly Source[]): Problem[] {
  const skewed = sources.find((s) => s.clock.isSkewed);
  if (!skewed) return [];
  return [{
    tone: 'warn',
    text: `the clock is off by ${span(Math.abs(Number(skewed.clock.skewMs)))}`,
    help: 'Flows are placed by their arrival instead. Let the exporter follow a time server (NTP).',
  }];
}

function templates(sources: readonly Source[]): Problem[] {
  if (!sources.some((s) => s.templates.isFlapping)) return [];
  return [{
    tone: 'bad',
    text: 'templates change to and fro: several exporters behind one address',
    help: 'Tell them apart: let the source group identify exporters by address and port, or by address and domain.',
  }];
}

function sampling(sources: readonly Source[]): Problem[] {
  const unscaled = Math.max(...sources.map((s) => Number(s.sampling.unscaled)));
  const unknown = sources.some((s) => s.sampling.origin === 'unknown');
  if (!unknown && unscaled === 0) return [];
  return [{
    tone: 'warn',
    text: unknown ? 'the sampling rate is unknown' : `the sampling rate of ${exact(unscaled)} earlier records is unknown`,
    help: 'Counters of these records are not scaled. Let the exporter tell its rate, or set it here.',
  }];
}
