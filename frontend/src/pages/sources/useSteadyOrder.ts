import { useState } from 'react';
import type { Exporter } from './exporters';
import { inOrder } from './select';

/**
 * Exporters in the order they came, except while `held`: then rows stay where
 * they are as long as `question` (what is sorted and filtered by) does.
 */
export function useSteadyOrder(sorted: Exporter[], held: boolean, question: string): Exporter[] {
  const [kept, setKept] = useState<{ question: string; order: string[] }>();
  if (!held) {
    if (kept) setKept(undefined);
    return sorted;
  }
  if (kept?.question !== question) {
    setKept({ question, order: sorted.map((e) => e.key) });
    return sorted;
  }
  return inOrder(sorted, kept.order);
}
