import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { execute } from '../../graphql/execute';
import { ActionsDocument } from '../../graphql/generated/graphql';

export const pollMs = 5_000;

/** How many of the newest actions are listed. */
export const limit = 200;

/** The newest changes of the deployment, and how far its units have followed. */
export function useActions() {
  return useQuery({
    queryKey: ['actions'],
    queryFn: async ({ signal }) => (await execute(ActionsDocument, { limit }, signal)).actions,
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}
