import * as v from 'valibot';
import type { Wanted } from './narrow';

/** What the page shows, in the URL: a unit or a source group beside the map, and which units there are. */
export type View = Wanted & { unit: string | undefined; group: string | undefined };

const text = v.optional(v.fallback(v.string(), ''));

export const searchSchema = v.object({ unit: text, group: text, q: text, trouble: text });

export type Search = v.InferOutput<typeof searchSchema>;

export const readView = ({ unit, group, q, trouble }: Search): View => ({
  unit: unit || undefined, group: group || undefined, text: q ?? '', troubled: trouble === 'only',
});

/** Defaults stay out of the URL. */
export const writeView = ({ unit, group, text: q, troubled }: View): Search => ({ unit, group, q: q || undefined, trouble: troubled ? 'only' : undefined });
