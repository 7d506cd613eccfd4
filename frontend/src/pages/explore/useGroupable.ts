import { useQuery } from '@tanstack/react-query';
import { execute } from '../../graphql/execute';
import { FlowFieldsDocument } from '../../graphql/generated/graphql';

/** Which fields the Master groups by; all while that is not known. */
export function useGroupable(): (field: string) => boolean {
  const { data } = useQuery({
    queryKey: ['fields'],
    queryFn: async ({ signal }) => (await execute(FlowFieldsDocument, {}, signal)).fields,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const groupable = data && new Set(data.filter((f) => f.groupable).map((f) => f.name));
  return (field) => groupable === undefined || groupable.has(field);
}
