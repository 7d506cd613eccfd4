import { hearTime } from './clock';
import type { TypedDocumentString } from './generated/graphql';

/** An error that an API answered with; its code is of the list both APIs share. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly extensions: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The code of an error that did not come from an API: no answer at all. */
export const UNREACHABLE = 'UNREACHABLE';

export type GraphQLFailure = { message: string; extensions?: Record<string, unknown> };

type Answer<T> = { data?: T | null; errors?: GraphQLFailure[] };

export function failure(errors: readonly GraphQLFailure[]): ApiError {
  const [first] = errors;
  const code = first?.extensions?.code;
  return new ApiError(
    first?.message ?? 'the API answered with neither data nor error',
    typeof code === 'string' ? code : 'INTERNAL',
    first?.extensions,
  );
}

/** Runs a query or mutation. Rejects with ApiError, or AbortError when aborted. */
export async function execute<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Result> {
  const response = await post('/graphql', { query: document.toString(), variables }, signal);
  if (response.status === 401) throw new ApiError('sign in first', 'UNAUTHENTICATED');
  const answer = await json<Answer<Result>>(response);
  if (answer.errors?.length || !answer.data) throw failure(answer.errors ?? []);
  return answer.data;
}

/** Posts JSON to the origin this page came from. */
export async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  try {
    const response = await fetch(new URL(path, location.href), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      signal: signal ?? null,
    });
    hearTime(response.headers.get('Date'), Date.now());
    return response;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('the Master does not answer', UNREACHABLE);
  }
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(`the Master answered with status ${response.status} and no JSON`, 'INTERNAL');
  }
}
