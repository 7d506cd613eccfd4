import { createClient, type Client } from 'graphql-ws';
import type { TypedDocumentString } from './generated/graphql';
import { failure, type GraphQLFailure } from './execute';

let client: Client | undefined;

/** One WebSocket for all subscriptions, open only while there is one. */
function connection(): Client {
  client ??= createClient({
    url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    lazy: true,
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (tries) => {
      const wait = Math.min(10_000, 250 * 2 ** Math.min(tries, 6));
      return new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
    },
  });
  return client;
}

type Listener<Result> = {
  next: (result: Result) => void;
  error?: (cause: unknown) => void;
  complete?: () => void;
};

/** Follows a subscription until the returned function is called. */
export function follow<Result, Variables extends Record<string, unknown>>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  listener: Listener<Result>,
): () => void {
  return connection().subscribe<Result>(
    { query: document.toString(), variables },
    {
      next: ({ data, errors }) => {
        if (errors?.length) listener.error?.(failure(errors as unknown as GraphQLFailure[]));
        else if (data) listener.next(data);
      },
      error: (cause) => listener.error?.(Array.isArray(cause) ? failure(cause as GraphQLFailure[]) : cause),
      complete: () => listener.complete?.(),
    },
  );
}

/** Tells when the connection comes and goes. */
export function watchConnection(tell: (up: boolean) => void): () => void {
  const stops = [
    connection().on('connected', () => tell(true)),
    connection().on('closed', () => tell(false)),
  ];
  return () => stops.forEach((stop) => stop());
}
