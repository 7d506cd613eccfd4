import { useSuspenseQuery } from '@tanstack/react-query';
import { loadSession, sessionKey, type Session } from './session';

/** Who I am; only for pages behind the sign-in. */
export function useSession(): Session {
  return useSuspenseQuery({
    queryKey: sessionKey,
    queryFn: ({ signal }) => loadSession(signal),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}
