import { graphql, http, HttpResponse, ws } from 'msw';
import { setupServer } from 'msw/node';
import type { AccessRole, QueryInput, ResultPartsFragment } from '../graphql/generated/graphql';
import type { Topology } from '../pages/topology/useTopology';

const pushes = ws.link(/\/graphql$/);

type Message = { id?: string; type: string; payload?: { query: string } };

/** Accepts subscriptions, and pushes to those whose document names the operation. */
const pushing = (operation?: string, data?: object) =>
  pushes.addEventListener('connection', ({ client }) => {
    client.addEventListener('message', ({ data: text }) => {
      const { id, type, payload } = JSON.parse(String(text)) as Message;
      if (type === 'connection_init') client.send(JSON.stringify({ type: 'connection_ack' }));
      if (type === 'subscribe' && operation && payload?.query.includes(`subscription ${operation}`)) {
        client.send(JSON.stringify({ id, type: 'next', payload: { data } }));
      }
    });
  });

const me = { me: { name: 'ada', role: 'viewer' as const }, version: { version: '0.1.0', commit: 'c' } };

/** A Master that knows who asks, and nothing else unless a test says so. */
export const server = setupServer(
  pushing(),
  graphql.query('Me', () => HttpResponse.json({ data: me })),
  graphql.query('RunningQueries', () => HttpResponse.json({ data: { queries: [] } })),
  graphql.query('FlowFields', () =>
    HttpResponse.json({ data: { fields: ['srcAddr', 'dstAddr', 'dstPort', 'proto', 'addr'].map((name) => ({ name, groupable: true })) } }),
  ),
  graphql.query('FilterNames', () => HttpResponse.json({ data: { sources: { sources: [] }, topology: { sourceGroups: [] } } })),
  graphql.query('FilterValidate', () => HttpResponse.json({ data: { filterValidate: [] } })),
);

type Refusal = { errors: { message: string; extensions: { code: string } }[] };

export const failing = (message: string, code: string) =>
  HttpResponse.json<Refusal>({ errors: [{ message, extensions: { code } }] });

/** Signs in with another role than viewer. */
export const signedInAs = (role: AccessRole) =>
  server.use(graphql.query('Me', () => HttpResponse.json({ data: { ...me, me: { name: 'ada', role } } })));

export const signedOut = () => server.use(graphql.query('Me', () => failing('sign in first', 'UNAUTHENTICATED')));

export const answerTopology = (topology: Topology | 'lost') =>
  server.use(
    graphql.query('Topology', () => (topology === 'lost' ? HttpResponse.error() : HttpResponse.json({ data: { topology } }))),
  );

export const pushTopology = (topology: Topology) => server.use(pushing('TopologyChanged', { topologyChanged: topology }));

/** Answers queries at once. Records what was asked. */
export function answerQueries(result: (input: QueryInput) => ResultPartsFragment | Response): QueryInput[] {
  const asked: QueryInput[] = [];
  server.use(
    graphql.mutation('StartQuery', ({ variables }) => {
      const input = variables.input as QueryInput;
      asked.push(input);
      const answer = result(input);
      if (answer instanceof Response) return answer as never;
      return HttpResponse.json({
        data: { startQuery: { id: 'q1', state: 'done', place: 0, error: '', progress: [], result: answer } },
      });
    }),
  );
  return asked;
}

export const acceptToken = (good: string) =>
  server.use(
    http.post('*/api/v1/session', async ({ request }) => {
      const { token } = (await request.json()) as { token: string };
      if (token === good) return HttpResponse.json({ name: 'ada', role: 'viewer' });
      return HttpResponse.json({ detail: 'this token is not known', code: 'UNAUTHENTICATED' }, { status: 401 });
    }),
  );
