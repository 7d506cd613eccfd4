import { ApiError, execute, post, UNREACHABLE } from '../graphql/execute';
import { MeDocument, type MeQuery } from '../graphql/generated/graphql';

export type Session = MeQuery;

export const sessionKey = ['session'] as const;

/** Who I am; rejects with code UNAUTHENTICATED when I am nobody yet. */
export const loadSession = (signal?: AbortSignal): Promise<Session> => execute(MeDocument, {}, signal);

export const isUnauthenticated = (cause: unknown): boolean =>
  cause instanceof ApiError && cause.code === 'UNAUTHENTICATED';

type Problem = { detail?: string; title?: string; code?: string };

/** Exchanges an API token for a session cookie that scripts cannot read. */
export async function signIn(token: string): Promise<void> {
  const response = await post('/api/v1/session', { token });
  if (response.ok) return;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  throw new ApiError(
    problem.detail ?? problem.title ?? `the Master answered with status ${response.status}`,
    problem.code ?? 'INTERNAL',
  );
}

/** Ends the session at the Master. */
export async function signOut(): Promise<void> {
  const response = await fetch(new URL('/api/v1/session', location.href), { method: 'DELETE', credentials: 'same-origin' }).catch(() => undefined);
  if (response?.ok || response?.status === 401) return; // a session that had ended already is none to end
  throw new ApiError(response ? `the Master answered with status ${response.status}` : 'the Master does not answer', UNREACHABLE);
}
