/** The exporters and source groups of the deployment, which filters may name. */
import type { Completion } from '@codemirror/autocomplete';
import { useQuery } from '@tanstack/react-query';
import { execute } from '../graphql/execute';
import { FilterNamesDocument, type FilterNamesQuery } from '../graphql/generated/graphql';

export type Names = { exporters: readonly Completion[]; sourceGroups: readonly Completion[] };

export const noNames: Names = { exporters: [], sourceGroups: [] };

/** More than this nobody scrolls through; who has more types an address. */
const limit = 5_000;

/** How long names are good for. */
const staleMs = 60_000;

const named = /\b(exporter|router|sourcegroup)\b/i;

/** What may stand behind words such as exporter; asked for only when a filter has one of them. */
export function useNames(filter: string): Names {
  const { data } = useQuery({
    queryKey: ['filterNames'],
    queryFn: async ({ signal }) => namesOf(await execute(FilterNamesDocument, { limit }, signal)),
    enabled: named.test(filter),
    staleTime: staleMs,
    retry: false,
  });
  return data ?? noNames;
}

/** Exporters are found by their address and by their name; a filter takes the address. */
export function namesOf({ sources: { sources }, topology }: FilterNamesQuery): Names {
  const exporters = new Map(sources.map((s) => [s.exporter, s.name]));
  return {
    exporters: [...exporters].flatMap(([address, name]): Completion[] => [
      { label: address, detail: name || undefined, type: 'constant' },
      ...(name === '' ? [] : [{ label: name, detail: address, apply: address, type: 'constant' }]),
    ]),
    sourceGroups: topology.sourceGroups.map(({ name }) => ({ label: name, apply: `"${name}"`, type: 'constant' })),
  };
}
