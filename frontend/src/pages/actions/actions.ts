/** Committed changes, and what became of them on each unit. */
import { count } from '../../format/numbers';
import type { ActionsQuery } from '../../graphql/generated/graphql';

export type Action = ActionsQuery['actions'][number];
export type UnitAction = Action['units'][number];

export type Wanted = { text: string; open: boolean };

/** Those that match every word of the text; if `open`, only what some unit has not confirmed. */
export function select(actions: readonly Action[], { text, open }: Wanted): Action[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return actions.filter((a) => (!open || a.state !== 'done') && words.every((w) => searchable(a).includes(w)));
}

const searchable = (a: Action): string =>
  [a.revision, a.actor, a.summary, a.state, ...a.units.flatMap((u) => [nameOf(u), u.message])].join(' ').toLowerCase();

/** A unit that was deleted since has lost its name. */
export const nameOf = ({ name, unit }: UnitAction): string => name || unit;

/** How many units have confirmed it: all 3 units, 2 of 3 units. */
export function followed({ units }: Action): string {
  const done = units.filter((u) => u.state === 'done').length;
  if (units.length === 0) return 'no unit concerned';
  return done === units.length ? `all ${count(done, 'unit')}`.replace('all 1 unit', '1 unit') : `${done} of ${count(units.length, 'unit')}`;
}

/** Units that have not confirmed it, the failed ones first. */
export const waiting = ({ units }: Action): UnitAction[] =>
  units.filter((u) => u.state !== 'done').sort((a, b) => a.state.localeCompare(b.state) || nameOf(a).localeCompare(nameOf(b), 'en'));
