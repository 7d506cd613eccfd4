import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { execute } from '../../graphql/execute';
import { TopologyChangedDocument, TopologyDocument, type TopologyPartsFragment } from '../../graphql/generated/graphql';
import { follow, watchConnection } from '../../graphql/live';

export type Topology = TopologyPartsFragment;
export type Unit = Topology['units'][number];

export const topologyKey = ['topology'] as const;

/** How often the topology is asked for while it does not come by itself. */
export const pollMs = 5_000;

/** The topology as it is pushed; asked for regularly while the push is down. */
export function useTopology() {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  useEffect(() => {
    const stopWatching = watchConnection((up) => !up && setLive(false));
    const stop = follow(TopologyChangedDocument, {}, {
      next: ({ topologyChanged }) => {
        setLive(true);
        // An answer on its way is older than what was pushed.
        void queries.cancelQueries({ queryKey: topologyKey }).then(() => queries.setQueryData(topologyKey, topologyChanged));
      },
      error: () => setLive(false),
      complete: () => setLive(false),
    });
    return () => {
      stop();
      stopWatching();
    };
  }, [queries]);
  const query = useQuery({
    queryKey: topologyKey,
    queryFn: async ({ signal }) => (await execute(TopologyDocument, {}, signal)).topology,
    refetchInterval: live ? false : pollMs,
  });
  return { ...query, live };
}
