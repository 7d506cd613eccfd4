/** What operators may say of an exporter, as it is typed and as the API takes it. */
import { ApiError } from '../../graphql/execute';
import type { Exporter } from './exporters';

export type Draft = { name: string; rate: string };

export type Field = keyof Draft;

export type Mistakes = Partial<Record<Field | 'whole', string>>;

export const draftOf = ({ name, samplingRate }: Exporter['settings']): Draft => ({
  name, rate: samplingRate === null ? '' : String(samplingRate),
});

const maxRate = 1_000_000_000;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What can be told without asking; empty if the API may be asked. */
export function mistakesIn({ name, rate }: Draft): Mistakes {
  const found: Mistakes = {};
  if (name !== '' && !nameForm.test(name)) {
    found.name = "1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit";
  }
  if (rate !== '' && !(/^\d+$/.test(rate) && Number(rate) >= 1 && Number(rate) <= maxRate)) {
    found.rate = 'A whole number from 1 to 1,000,000,000, or nothing';
  }
  return found;
}

const fieldsByPointer: Record<string, Field> = { '/name': 'name', '/samplingRate': 'rate' };

/** Where the API found what; what belongs to no field concerns the whole. */
export function mistakesOf(cause: unknown): Mistakes {
  if (!(cause instanceof ApiError)) return { whole: String(cause) };
  const listed = Array.isArray(cause.extensions.errors) ? (cause.extensions.errors as { pointer?: string; detail?: string }[]) : [];
  const found: Mistakes = {};
  for (const { pointer = '', detail = '' } of listed) found[fieldsByPointer[pointer] ?? 'whole'] ??= detail;
  return listed.length > 0 ? found : { whole: cause.message };
}

/** Whether someone else changed the settings since the draft began. */
export const isStale = (cause: unknown): boolean => cause instanceof ApiError && cause.code === 'CONFLICT' && !mistakesOf(cause).name;
