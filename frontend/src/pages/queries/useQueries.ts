import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { execute } from '../../graphql/execute';
import { CancelQueryDocument, QueriesDocument, StopQueryDocument } from '../../graphql/generated/graphql';

export const pollMs = 2_000;

/** How many are listed: the running ones and the newest of the others. */
const limit = 100;

const queriesKey = ['queries'];

export function useQueries() {
  return useQuery({
    queryKey: queriesKey,
    queryFn: ({ signal }) => execute(QueriesDocument, { limit }, signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}

/** Ends a query: `stop` keeps what is there as its result, `cancel` drops it. */
export function useEndQuery() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, how }: { id: string; how: 'stop' | 'cancel' }): Promise<void> => {
      await (how === 'stop' ? execute(StopQueryDocument, { id }) : execute(CancelQueryDocument, { id }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queriesKey }),
  });
}
