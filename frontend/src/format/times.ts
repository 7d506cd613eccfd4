/** Times for people: always 24 hours, always in a zone that is named. */

import { timeZone, type Zone } from './zones';

type Parts = Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string>;

const formats = new Map<Zone, Intl.DateTimeFormat>();

function format(zone: Zone): Intl.DateTimeFormat {
  let known = formats.get(zone);
  if (!known) {
    known = new Intl.DateTimeFormat('en-GB', {
      timeZone: timeZone(zone),
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, known);
  }
  return known;
}

function parts(ms: number, zone: Zone): Parts {
  const found = format(zone)
    .formatToParts(ms)
    .map((p) => [p.type, p.value]);
  return Object.fromEntries(found) as Parts;
}

/** 2026-11-25 17:22:56 */
export function dateTime(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
}

/** 17:22:56 */
export const clock = (ms: number, zone: Zone): string => dateTime(ms, zone).slice(11);

/** 2026-11-25 */
export const day = (ms: number, zone: Zone): string => dateTime(ms, zone).slice(0, 10);

/** 17:22:56.123, for records. */
export function clockMillis(ms: number, zone: Zone): string {
  const rest = ((ms % 1000) + 1000) % 1000;
  return `${clock(ms, zone)}.${String(rest).padStart(3, '0')}`;
}

/** Two ends of a range, the date once when both share it. */
export function range(from: number, to: number, zone: Zone): string {
  const end = day(from, zone) === day(to, zone) ? clock(to, zone) : dateTime(to, zone);
  return `${dateTime(from, zone)} – ${end}`;
}

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function offset(ms: number, zone: Zone): number {
  const p = parts(ms, zone);
  const shown = Date.UTC(Number(p.year), Number(p.month) - 1, Number(p.day), Number(p.hour), Number(p.minute), Number(p.second));
  return shown - Math.floor(ms / 1000) * 1000;
}

/** The name of the zone at a moment: UTC, or Europe/Prague (UTC+1). */
export function zoneName(zone: Zone, ms = Date.now()): string {
  const name = timeZone(zone);
  return name === 'UTC' ? 'UTC' : `${name} (UTC${offsetText(offset(ms, zone) / 60_000)})`;
}

function offsetText(minutes: number): string {
  if (minutes === 0) return '';
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`;
  return `${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${rest}`;
}

const written = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** Reads 2026-11-25, 2026-11-25 17:22 or 2026-11-25 17:22:56 in a zone. */
export function parseDateTime(text: string, zone: Zone): number | undefined {
  const match = written.exec(text.trim());
  if (!match) return undefined;
  const [year, month, date, hour, minute, second] = match.slice(1).map((v) => Number(v ?? 0)) as [
    number, number, number, number, number, number,
  ];
  const inUtc = Date.UTC(year, month - 1, date, hour, minute, second);
  const near = inUtc - offset(inUtc, zone);
  const ms = inUtc - offset(near, zone); // the clock may have changed between the two
  return day(ms, zone) === text.trim().slice(0, 10) ? ms : undefined;
}

const scale: readonly [string, number][] = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]];

/** A span in its two largest units: 2 h 5 min, 300 ms. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const words: string[] = [];
  let rest = ms;
  for (const [unit, size] of scale) {
    const n = Math.floor(rest / size);
    if (n > 0) words.push(`${n} ${unit}`);
    else if (words.length > 0) break;
    rest -= n * size;
    if (words.length === 2) break;
  }
  return words.join(' ');
}

/** How long ago something was, without ever saying a negative time. */
export function ago(ms: number, now: number): string {
  const gone = now - ms;
  return gone < 1500 ? 'now' : `${span(gone)} ago`;
}
