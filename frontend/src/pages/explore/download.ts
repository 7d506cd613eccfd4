/** Records as files. The API streams them; the browser collects and saves them. */
import { ApiError, UNREACHABLE } from '../../graphql/execute';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import { bounds } from '../../time/range';
import type { View } from './url';

export type Format = 'csv' | 'ndjson' | 'parquet';

export const formats: Record<Format, { label: string; type: string; hint: string }> = {
  csv: { label: 'CSV', type: 'text/csv', hint: 'for a spreadsheet' },
  ndjson: { label: 'NDJSON', type: 'application/x-ndjson', hint: 'a JSON object per line; the last says whether all is there' },
  parquet: { label: 'Parquet', type: 'application/vnd.apache.parquet', hint: 'with every stored column' },
};

const isByTime = ({ sort }: View): boolean => sort === 'time' || sort === '-time';

/** What one download may hold: the API streams records as time goes, and sorts fewer of them. */
export const mostOf = (view: View): number => (isByTime(view) ? 1_000_000 : 100_000);

/** The records of a view as the API is asked for them, the oldest first or as they are sorted; relative times are those of now. */
export function flowsUrl(view: View, now: number): string {
  const [from, to] = bounds(view.range, now).map((ms) => new Date(ms).toISOString()) as [string, string];
  const query = new URLSearchParams({ from, to, filter: view.filter, limit: String(mostOf(view)) });
  if (!isByTime(view)) query.set('orderBy', view.sort);
  return `/api/v1/flows?${query}`;
}

/** Fetches all of a stream; `tell` hears how many octets are there. */
export async function fetchFile(url: string, type: string, signal: AbortSignal, tell: (octets: number) => void): Promise<Blob> {
  const answer = await fetch(new URL(url, location.href), { headers: { Accept: type }, credentials: 'same-origin', signal });
  if (!answer.ok || !answer.body) {
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string; code?: string };
    throw new ApiError(problem.detail ?? `the Master answered with status ${answer.status}`, problem.code ?? UNREACHABLE);
  }
  const parts: BlobPart[] = [];
  let octets = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    octets += part.value.length;
    tell(octets);
  }
  return new Blob(parts, { type });
}

/** Offers a file to whoever asked for it. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

/** weir-flows-20261125-120000.csv: when it was asked, in UTC. */
export const fileName = (what: string, now: number, extension: string): string =>
  `weir-${what}-${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.${extension}`;

/** A spreadsheet takes what begins with these for a formula. */
const formula = /^[=+\-@\t\r]/;

const cell = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = formula.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** The rows of a result as CSV (RFC 4180) with exact values. */
export const csvOf = ({ columns, rows }: Pick<ResultPartsFragment, 'columns' | 'rows'>): string =>
  [columns.map((c) => c.name), ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
