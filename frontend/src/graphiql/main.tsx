import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { firstQuery } from './firstQuery';

const url = new URL('/graphql', location.href);

/** Asks as whoever is signed in, or with the token that the headers pane has. */
const fetcher = createGraphiQLFetcher({
  url: url.href,
  wsClient: createClient({ url: url.href.replace(/^http/, 'ws') }),
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={firstQuery}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false} // they may hold a token
  />,
);
