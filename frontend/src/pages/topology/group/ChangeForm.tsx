import { Button } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { mistakesOf, type Mistakes } from '../../../components/mistakes';
import { count } from '../../../format/numbers';
import type { UpdateSourceGroupInput } from '../../../graphql/generated/graphql';
import type { SourceGroup } from '../sections';
import styles from './group.module.css';
import { useUpdateSourceGroup } from './useSourceGroup';

type Part = Omit<UpdateSourceGroupInput, 'id' | 'basedOn'>;

/** One change of a source group on its way: what was wrong with it, or what became of it. */
export function useChange<Field extends string>(group: SourceGroup, fieldOf: (pointer: string) => Field | undefined) {
  const update = useUpdateSourceGroup();
  const [mistakes, setMistakes] = useState<Mistakes<Field>>({});
  const [basedOn, setBasedOn] = useState<string>(); // what was set when the first letter was typed
  const forget = () => {
    update.reset();
    setMistakes({});
  };
  const begin = () => {
    forget();
    setBasedOn(basedOn ?? group.revision);
  };
  const end = () => {
    forget();
    setBasedOn(undefined);
  };
  /** Asks the API unless there are mistakes already; `then` runs when it is done. */
  async function save(found: Mistakes<Field>, part: Part, then: () => void) {
    setMistakes(found);
    if (Object.keys(found).length > 0) return;
    try {
      await update.mutateAsync({ id: group.id, basedOn: basedOn ?? group.revision, ...part });
      setBasedOn(undefined);
      then();
    } catch (cause) {
      setMistakes(mistakesOf(cause, fieldOf));
    }
  }
  return { begin, end, save, mistakes, isPending: update.isPending, saved: update.data };
}

type Change = Pick<ReturnType<typeof useChange>, 'end' | 'isPending' | 'saved'> & { mistakes: { whole?: string } };

type Props = {
  change: Change;
  isChanged: boolean;
  save: () => Promise<void>;
  discard: () => void;
  /** What the button says that gives it up. */
  discardLabel?: string;
  children: ReactNode;
};

/** Fields, what saves them, and the answer beneath. */
export function ChangeForm({ change, isChanged, save, discard, discardLabel = 'Discard', children }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save();
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {children}
      <div className={styles.buttons}>
        <Button type="submit" disabled={!isChanged} loading={change.isPending}>
          Save
        </Button>
        <Button
          variant="default"
          disabled={(!isChanged && discardLabel === 'Discard') || change.isPending}
          onClick={() => {
            change.end();
            discard();
          }}
        >
          {discardLabel}
        </Button>
      </div>
      <Outcome change={change} />
    </form>
  );
}

/** What became of a change, or why it was refused. */
export function Outcome({ change: { mistakes, saved } }: { change: Change }) {
  if (mistakes.whole) {
    return (
      <p role="alert" className={styles.mistake}>
        {mistakes.whole}
      </p>
    );
  }
  if (!saved) return null;
  return (
    <p role="status" className={styles.saved}>
      Saved as revision {saved.revision}
      {saved.affected.length > 0 && `; ${count(saved.affected.length, 'unit')} will follow`}.
    </p>
  );
}
