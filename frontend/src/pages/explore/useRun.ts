import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { QueryInput } from '../../graphql/generated/graphql';
import { run, type Finished, type Progress } from './run';

export type Run = {
  /** The last answer, kept while the next is computed. */
  data: Finished | undefined;
  /** Whether data answers another question than the present one. */
  old: boolean;
  error: Error | null;
  running: boolean;
  progress: Progress | undefined;
  again: () => void;
  cancel: () => void;
};

type Options = { enabled?: boolean; refreshMs?: number };

/** Runs a query while shown, again when the question changes or time has come. */
export function useRun(input: QueryInput, { enabled = true, refreshMs = 0 }: Options = {}): Run {
  const queries = useQueryClient();
  const [progress, setProgress] = useState<Progress>();
  const queryKey = ['run', input];
  const query = useQuery({
    queryKey,
    enabled,
    queryFn: async ({ signal }) => {
      try {
        return await run(input, signal, setProgress);
      } finally {
        setProgress(undefined);
      }
    },
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs > 0 ? refreshMs : false,
    refetchOnMount: 'always',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  });
  return {
    data: query.data,
    old: query.isPlaceholderData,
    error: query.error,
    running: query.isFetching,
    progress: query.isFetching ? progress : undefined,
    again: () => void query.refetch(),
    cancel: () => void queries.cancelQueries({ queryKey }),
  };
}
