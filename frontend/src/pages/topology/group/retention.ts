/** How long and how much the Slaves of a source group keep, as it is typed and as the API takes it. */
import type { Mistakes } from '../../../components/mistakes';
import type { SourceGroup } from '../sections';

export type Draft = { age: string; quota: string };

export type Field = keyof Draft;

export const draftOf = ({ maxAgeSeconds, quotaBytes }: SourceGroup['retention']): Draft => ({
  age: maxAgeSeconds === null || maxAgeSeconds === undefined ? '' : ageText(maxAgeSeconds),
  quota: quotaBytes === null || quotaBytes === undefined ? '' : quotaText(quotaBytes),
});

const ages: readonly [unit: string, seconds: number][] = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];

/** Seconds in the greatest unit that says them exactly: 90 d, 36 h. */
export function ageText(seconds: number): string {
  const [unit, size] = ages.find(([, s]) => seconds % s === 0) as (typeof ages)[number];
  return `${seconds / size} ${unit}`;
}

const ageForm = /^(\d{1,9})\s*(s|min|m|h|d|w|y)$/i;
const ageUnits: Record<string, number> = { s: 1, min: 60, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

/** Seconds of 90 d, 36h, 2 w; undefined if it is none of that. */
export function readAge(text: string): number | undefined {
  const match = ageForm.exec(text.trim());
  return match ? Number(match[1]) * (ageUnits[(match[2] as string).toLowerCase()] as number) : undefined;
}

/** Sizes of disks are told in powers of 1000, those of memory in powers of 1024. */
const sizes: readonly [unit: string, octets: bigint][] = [5, 4, 3, 2, 1].flatMap((power) => {
  const letter = ' kMGTP'[power] as string;
  return [
    [`${letter}B`, 1000n ** BigInt(power)],
    [`${letter.toUpperCase()}iB`, 1024n ** BigInt(power)],
  ] as [string, bigint][];
});

/** Octets in the greatest unit that says them exactly: 500 GB, 512 MiB. */
export function quotaText(octets: string): string {
  const n = BigInt(octets);
  const found = sizes.find(([, size]) => n >= size && n % size === 0n);
  return found ? `${n / found[1]} ${found[0]}` : `${n} B`;
}

const quotaForm = /^(\d{1,15})(?:\.(\d{1,3}))?\s*([kmgtp]?i?b?)$/i;

/** Octets of 500 GB, 1.5TB, 512 MiB, as the API writes them; undefined if it is none of that. */
export function readQuota(text: string): string | undefined {
  const match = quotaForm.exec(text.trim());
  if (!match) return undefined;
  const unit = `${(match[3] ?? '').toLowerCase().replace(/b$/, '')}b`;
  const size = unit === 'b' ? 1n : sizes.find(([name]) => name.toLowerCase() === unit)?.[1];
  if (size === undefined) return undefined;
  const thousandths = BigInt(match[1] as string) * 1000n + BigInt((match[2] ?? '').padEnd(3, '0'));
  return String((thousandths * size) / 1000n);
}

/** What can be told without asking; empty if the API may be asked. */
export function mistakesIn({ age, quota }: Draft): Mistakes<Field> {
  const found: Mistakes<Field> = {};
  if (age !== '' && readAge(age) === undefined) found.age = 'A number with s, min, h, d, w or y, such as 90 d';
  if (quota !== '' && readQuota(quota) === undefined) found.quota = 'A number with kB, MB, GB, TB or KiB, MiB, GiB, TiB, such as 500 GB';
  return found;
}

/** What the API takes: null is as the configuration of each unit says. */
export const inputOf = ({ age, quota }: Draft): { maxAgeSeconds: number | null; quotaBytes: string | null } => ({
  maxAgeSeconds: age === '' ? null : (readAge(age) ?? null),
  quotaBytes: quota === '' ? null : (readQuota(quota) ?? null),
});

export const fieldOf = (pointer: string): Field | undefined =>
  pointer === '/retention/maxAgeSeconds' ? 'age' : pointer === '/retention/quotaBytes' ? 'quota' : undefined;
