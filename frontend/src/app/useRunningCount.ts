import { useQuery } from '@tanstack/react-query';
import { execute } from '../graphql/execute';
import { RunningQueriesDocument } from '../graphql/generated/graphql';

const pollMs = 10_000;

/** Running queries are the newest; beyond this many the number does not matter. */
const limit = 40;

/** How many queries run or wait at the moment, those of all people. */
export function useRunningCount(): number {
  const { data } = useQuery({
    queryKey: ['running'],
    queryFn: async ({ signal }) => (await execute(RunningQueriesDocument, { limit }, signal)).queries,
    refetchInterval: pollMs,
  });
  return data?.filter((q) => q.state === 'running' || q.state === 'queued').length ?? 0;
}
