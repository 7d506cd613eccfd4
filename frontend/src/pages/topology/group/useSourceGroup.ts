import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { execute } from '../../../graphql/execute';
import { ForwardedDocument, UpdateSourceGroupDocument, type ForwardedQuery, type UpdateSourceGroupInput } from '../../../graphql/generated/graphql';
import { pollMs, topologyKey } from '../useTopology';

/** Changes a source group; the topology follows by its push, or is asked for. */
export function useUpdateSourceGroup() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: UpdateSourceGroupInput) => (await execute(UpdateSourceGroupDocument, { input })).updateSourceGroup,
    onSuccess: () => queries.invalidateQueries({ queryKey: topologyKey }),
  });
}

export type Copies = ForwardedQuery['ledger'][number]['forwarded'][number] & { unitName: string };

/** What the units of a source group copied to other collectors, and to their twins. */
export function useCopies(sourceGroup: string, enabled: boolean) {
  return useQuery({
    enabled,
    refetchInterval: pollMs,
    queryKey: ['forwarded', sourceGroup],
    queryFn: async ({ signal }): Promise<Copies[]> => {
      const { ledger } = await execute(ForwardedDocument, { sourceGroup }, signal);
      return ledger.flatMap((u) => u.forwarded.map((f) => ({ ...f, unitName: u.name })));
    },
  });
}
