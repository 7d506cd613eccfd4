import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider, type RouterHistory } from '@tanstack/react-router';
import { useState } from 'react';
import { isUnauthenticated, sessionKey } from '../session/session';
import { makeRouter } from './routes';
import { cssVariables, theme } from './theme';

/** Keeps what is known of the server; an ended session leads to the sign-in. */
function makeQueries(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (cause, query) => {
        if (isUnauthenticated(cause) && query.queryKey[0] !== sessionKey[0]) onSignedOut();
      },
    }),
    defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: false, staleTime: 5_000 } },
  });
}

function assemble(history?: RouterHistory) {
  const queries = makeQueries(() => {
    queries.removeQueries({ queryKey: sessionKey });
    void router.invalidate();
  });
  const router = makeRouter(queries, history);
  return { queries, router };
}

export function App({ history }: { history?: RouterHistory }) {
  const [{ queries, router }] = useState(() => assemble(history));
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
