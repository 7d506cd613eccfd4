import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { masterTime } from '../../graphql/clock';
import { execute } from '../../graphql/execute';
import {
  DeleteSourceDocument, LedgerDocument, SourceDetailDocument, SourceLedgerDocument, SourcesDocument, UpdateSourceDocument,
  type DeleteInput, type SourceLedgerQuery, type SourcesQueryVariables, type UpdateSourceInput,
} from '../../graphql/generated/graphql';
import type { Exporter } from './exporters';
import { keepReports, type Detail, type Known } from './interfaces';
import { keepBooks, keepGaps, startsOf, unitsOf, type Books, type Gaps } from './ledger';
import type { Wanted } from './select';

/** How often the figures are asked for. */
export const pollMs = 5_000;

const sourcesKey = ['sources'];

/** What one answer of the API may list. */
const limit = 5_000;

const prefix = /^[0-9a-f.:]+(\/\d{1,3})?$/i;
const whole = /[.:].*[.:]/;

/** What the API itself can narrow by, for deployments beyond the limit. */
function narrowed({ text, group }: Wanted) {
  const word = text.trim();
  return { sourceGroup: group || undefined, exporter: prefix.test(word) && whole.test(word) ? word : undefined };
}

/** Sources, and the moment that they are of. */
async function ask(variables: SourcesQueryVariables, signal: AbortSignal) {
  const { sources } = await execute(SourcesDocument, variables, signal);
  return { ...sources, at: masterTime() };
}

export type Answer = Awaited<ReturnType<typeof ask>>;

const polled = { refetchInterval: pollMs, placeholderData: keepPreviousData } as const;

/**
 * All exporters of the deployment. Only if there are more than an answer may
 * list, the units are asked for those that the filters want.
 */
export function useSources(wanted: Wanted) {
  const all = useQuery({
    ...polled,
    queryKey: sourcesKey,
    queryFn: ({ signal }) => ask({ limit }, signal),
  });
  const variables = narrowed(wanted);
  const isLarge = (all.data?.total ?? 0) > limit;
  const some = useQuery({
    ...polled,
    queryKey: [...sourcesKey, variables],
    enabled: isLarge && (variables.sourceGroup ?? variables.exporter) !== undefined,
    queryFn: ({ signal }) => ask({ ...variables, limit }, signal),
  });
  return isLarge && some.data ? some : all;
}

export type SourceDetail = { details: readonly Detail[]; reports: Known };

/** What is asked of an open exporter only: too much for every row. */
export function useSourceDetail(exporter: string) {
  const queries = useQueryClient();
  const queryKey = ['source', exporter];
  return useQuery({
    refetchInterval: pollMs,
    queryKey,
    queryFn: async ({ signal }): Promise<SourceDetail> => {
      const { sources } = await execute(SourceDetailDocument, { exporter, limit }, signal);
      const before = queries.getQueryData<SourceDetail>(queryKey);
      return { details: sources.sources, reports: keepReports(before?.reports, sources.sources) };
    },
  });
}

const ledgerKey = ['ledger'];

/** The accounts of every unit, with what the answers before told. */
export function useLedger() {
  const queries = useQueryClient();
  return useQuery({
    ...polled,
    queryKey: ledgerKey,
    queryFn: async ({ signal }) => {
      const answer = await execute(LedgerDocument, {}, signal);
      return keepBooks(queries.getQueryData<Books>(ledgerKey), answer.ledger, startsOf(answer), Date.now());
    },
  });
}

type SourceBooks = {
  books: Books;
  /** Records between Proxies and their Slaves lately; empty where that is not known. */
  gaps: Gaps;
  missing: SourceLedgerQuery['sourceLedgers']['missing'];
};

/** The account of one exporter of one source group over all hops. */
export function useSourceLedger({ address, group }: Pick<Exporter, 'address' | 'group'>) {
  const queries = useQueryClient();
  const queryKey = ['ledger', group, address];
  return useQuery({
    refetchInterval: pollMs,
    queryKey,
    queryFn: async ({ signal }): Promise<SourceBooks> => {
      const { ledgers, missing } = (await execute(SourceLedgerDocument, { exporter: address, limit }, signal)).sourceLedgers;
      const own = ledgers.find((l) => l.exporter === address && l.sourceGroupName === group);
      const before = queries.getQueryData<SourceBooks>(queryKey);
      const between = own?.underway ?? undefined;
      return {
        books: keepBooks(before?.books, own ? unitsOf(own) : [], {}, Date.now()),
        gaps: between === undefined ? [] : keepGaps(before?.gaps ?? [], Number(between), Date.now()),
        missing,
      };
    },
  });
}

/** Changes what operators say of an exporter. */
export function useUpdateSource() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: UpdateSourceInput) => (await execute(UpdateSourceDocument, { input })).updateSource,
    onSuccess: () => queries.invalidateQueries({ queryKey: sourcesKey }),
  });
}

/** Forgets an exporter that does not send any more. */
export function useDeleteSource() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: DeleteInput) => (await execute(DeleteSourceDocument, { input })).deleteSource,
    onSuccess: () => queries.invalidateQueries({ queryKey: sourcesKey }),
  });
}
