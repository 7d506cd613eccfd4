/** What a form hears when the API refuses it. */
import { ApiError } from '../graphql/execute';

/** Mistakes by field; `whole` belongs to none. */
export type Mistakes<Field extends string> = Partial<Record<Field | 'whole', string>>;

type Listed = { pointer?: string; detail?: string };

const listed = (cause: ApiError): Listed[] => (Array.isArray(cause.extensions.errors) ? (cause.extensions.errors as Listed[]) : []);

/** Where the API found what. `fieldOf` names the field of a pointer into the input. */
export function mistakesOf<Field extends string>(cause: unknown, fieldOf: (pointer: string) => Field | undefined): Mistakes<Field> {
  const found: Partial<Record<string, string>> = {};
  if (!(cause instanceof ApiError)) found.whole = String(cause);
  else if (isStale(cause)) found.whole = 'Someone else has changed this meanwhile. Discard to see what is set now.';
  else if (listed(cause).length === 0) found.whole = cause.message;
  else for (const { pointer = '', detail = '' } of listed(cause)) found[fieldOf(pointer) ?? 'whole'] ??= detail;
  return found as Mistakes<Field>;
}

/** Whether someone else changed the object since the form was filled; a taken name is a mistake instead. */
export const isStale = (cause: unknown): boolean => cause instanceof ApiError && cause.code === 'CONFLICT' && listed(cause).length === 0;
