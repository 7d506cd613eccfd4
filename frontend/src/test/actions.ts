/** Actions as the API gives them, for tests. */
import { graphql, HttpResponse } from 'msw';
import type { Action, UnitAction } from '../pages/actions/actions';
import { server } from './server';

export const unitAction = (name: string, change: Partial<UnitAction> = {}): UnitAction => ({ unit: `id-${name}`, name, state: 'done', message: '', ...change });

export const action = (change: Partial<Action> = {}): Action => {
  const { revision = '7' } = change;
  return { id: `a${revision}`, revision, time: '2026-11-25T12:00:00Z', actor: 'ada', summary: 'update source group london', state: 'done', units: [unitAction('s1')], ...change };
};

export const answerActions = (actions: Action[]) => server.use(graphql.query('Actions', () => HttpResponse.json({ data: { actions } })));
