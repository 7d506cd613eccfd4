import { useEffect, useMemo, useRef, useState } from 'react';
import type { QueryInput, ResultPartsFragment } from '../../graphql/generated/graphql';
import { joined, nextPage } from './pages';
import { run } from './run';

export type Pages = {
  /** All records so far. */
  result: ResultPartsFragment;
  hasMore: boolean;
  loading: boolean;
  error: Error | null;
  /** Asks for the next page, unless it is on its way. */
  more: () => void;
};

type Later = { of: ResultPartsFragment; pages: ResultPartsFragment[]; loading: boolean; error: Error | null };

/** A list of flows that grows by pages; a new first page begins it anew. */
export function usePages(input: QueryInput, first: ResultPartsFragment): Pages {
  const [state, setState] = useState<Later>({ of: first, pages: [], loading: false, error: null });
  const later: Later = state.of === first ? state : { of: first, pages: [], loading: false, error: null };
  if (later !== state) setState(later);
  const asking = useRef<AbortController>(undefined);
  useEffect(() => () => asking.current?.abort(), [first]);
  const result = useMemo(() => joined([first, ...later.pages]), [first, later.pages]);
  const next = nextPage(input, later.pages.at(-1) ?? first, result.rows.length);

  async function more() {
    if (!next || later.loading) return;
    const control = new AbortController();
    asking.current = control;
    const settle = (part: Partial<Later>) => setState((s) => (s.of === first ? { ...s, ...part, loading: false } : s));
    setState({ ...later, loading: true, error: null });
    try {
      const { result: page } = await run(next, control.signal, () => undefined);
      settle({ pages: [...later.pages, page] });
    } catch (cause) {
      if (!control.signal.aborted) settle({ error: cause instanceof Error ? cause : new Error(String(cause)) });
    }
  }
  return { result, hasMore: next !== undefined, loading: later.loading, error: later.error, more: () => void more() };
}
