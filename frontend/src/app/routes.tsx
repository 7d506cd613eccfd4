import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect, type RouterHistory,
} from '@tanstack/react-router';
import * as v from 'valibot';
import { LoadingPage } from '../components/LoadingPage';
import { NotFound } from '../components/NotFound';
import { PageError } from '../components/PageError';
import { searchSchema as actionsSchema } from '../pages/actions/url';
import { searchSchema } from '../pages/explore/url';
import { searchSchema as sourcesSchema } from '../pages/sources/url';
import { searchSchema as topologySchema } from '../pages/topology/url';
import { LoginPage } from '../session/LoginPage';
import { isUnauthenticated, loadSession, sessionKey } from '../session/session';
import { Shell } from './Shell';

type Context = { queries: QueryClient };

const root = createRootRouteWithContext<Context>()({});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: v.object({ next: v.optional(v.string()) }),
  component: LoginPage,
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signedIn',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData({ queryKey: sessionKey, queryFn: () => loadSession(), retry: false });
    } catch (cause) {
      if (isUnauthenticated(cause)) throw redirect({ to: '/login', search: { next: location.href } });
      throw cause;
    }
  },
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/topology' });
  },
});

const topology = createRoute({
  getParentRoute: () => signedIn,
  path: '/topology',
  validateSearch: topologySchema,
  component: lazyRouteComponent(() => import('../pages/topology/TopologyPage'), 'TopologyPage'),
});

const explore = createRoute({
  getParentRoute: () => signedIn,
  path: '/explore',
  validateSearch: searchSchema,
  component: lazyRouteComponent(() => import('../pages/explore/ExplorePage'), 'ExplorePage'),
});

const sources = createRoute({
  getParentRoute: () => signedIn,
  path: '/sources',
  validateSearch: sourcesSchema,
  component: lazyRouteComponent(() => import('../pages/sources/SourcesPage'), 'SourcesPage'),
});

const queries = createRoute({
  getParentRoute: () => signedIn,
  path: '/queries',
  component: lazyRouteComponent(() => import('../pages/queries/QueriesPage'), 'QueriesPage'),
});

const actions = createRoute({
  getParentRoute: () => signedIn,
  path: '/actions',
  validateSearch: actionsSchema,
  component: lazyRouteComponent(() => import('../pages/actions/ActionsPage'), 'ActionsPage'),
});

const elsewhere = createRoute({ getParentRoute: () => signedIn, path: '$', component: NotFound });

const tree = root.addChildren([login, signedIn.addChildren([home, topology, sources, explore, queries, actions, elsewhere])]);

/** Parameters are plain text in the URL, so that people can read and edit it. */
const parseSearch = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search));

function stringifySearch(search: Record<string, unknown>): string {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return text === '' ? '' : `?${text.replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

export function makeRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    history,
    parseSearch,
    stringifySearch,
    defaultPendingComponent: LoadingPage,
    defaultErrorComponent: PageError,
    defaultNotFoundComponent: NotFound,
    defaultPreload: 'intent',
    scrollRestoration: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
