import * as v from 'valibot';
import type { Wanted } from './actions';

const text = v.optional(v.fallback(v.string(), ''));

export const searchSchema = v.object({ q: text, open: text });

export type Search = v.InferOutput<typeof searchSchema>;

export const readView = ({ q, open }: Search): Wanted => ({ text: q ?? '', open: open === 'only' });

/** Defaults stay out of the URL. */
export const writeView = ({ text: q, open }: Wanted): Search => ({ q: q || undefined, open: open ? 'only' : undefined });
