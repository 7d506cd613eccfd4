import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { mistakesOf, type Mistakes } from '../../components/mistakes';
import { count } from '../../format/numbers';
import { useSession } from '../../session/useSession';
import type { Exporter } from './exporters';
import { draftOf, fieldOf, mistakesIn, type Draft, type Field } from './settings';
import styles from './sources.module.css';
import { useDeleteSource, useUpdateSource } from './useSources';

/** Name and sampling rate of an exporter; only those who may change them get a form. */
export function Settings({ exporter }: { exporter: Exporter }) {
  const { me } = useSession();
  if (exporter.flowSource === undefined) return <p className="dim">The unit that knows it is in no source group.</p>;
  if (me.role === 'viewer') {
    const { name, samplingRate } = exporter.settings;
    return (
      <p className="dim">
        {name === '' ? 'No name' : `Name ${name}`}, {samplingRate === null ? 'no sampling rate' : `sampling rate 1:${samplingRate}`} set by hand.
        Operators and administrators may set them.
      </p>
    );
  }
  return <Form id={exporter.flowSource} exporter={exporter} />;
}

type Props = { id: string; exporter: Exporter };

/** The draft follows what is set until someone types; then it keeps its revision. */
function useDraft({ settings }: Exporter) {
  const [typed, setTyped] = useState<Draft & { basedOn: string }>();
  const draft = typed ?? { ...draftOf(settings), basedOn: settings.revision };
  return {
    draft,
    isChanged: typed !== undefined,
    type: (part: Partial<Draft>) => setTyped({ ...draft, ...part }),
    reset: () => setTyped(undefined),
  };
}

function Form({ id, exporter }: Props) {
  const { draft, isChanged, type, reset } = useDraft(exporter);
  const [mistakes, setMistakes] = useState<Mistakes<Field>>({});
  const update = useUpdateSource();
  const change = (part: Partial<Draft>) => {
    update.reset();
    setMistakes({});
    type(part);
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    const found = mistakesIn(draft);
    setMistakes(found);
    if (Object.keys(found).length > 0) return;
    try {
      const samplingRate = draft.rate === '' ? null : Number(draft.rate);
      await update.mutateAsync({ id, name: draft.name, samplingRate, basedOn: draft.basedOn });
      reset();
    } catch (cause) {
      setMistakes(mistakesOf(cause, fieldOf));
    }
  }

  return (
    <form className={styles.form} onSubmit={(e) => void submit(e)} noValidate>
      <TextInput
        label="Name"
        placeholder="for example core-1"
        maxLength={63}
        value={draft.name}
        error={mistakes.name}
        onChange={(e) => change({ name: e.currentTarget.value })}
      />
      <TextInput
        label="Sampling: 1 in"
        placeholder="what it says holds"
        inputMode="numeric"
        value={draft.rate}
        error={mistakes.rate}
        onChange={(e) => change({ rate: e.currentTarget.value.replaceAll(/[\s,]/g, '') })}
      />
      <div className={styles.buttons}>
        <Button type="submit" disabled={!isChanged} loading={update.isPending}>
          Save
        </Button>
        <Button
          variant="default"
          disabled={!isChanged || update.isPending}
          onClick={() => {
            setMistakes({});
            reset();
          }}
        >
          Discard
        </Button>
      </div>
      {mistakes.whole && (
        <p role="alert" className={styles.mistake}>
          {mistakes.whole}
        </p>
      )}
      {update.isSuccess && (
        <p role="status" className={styles.saved}>
          Saved as revision {update.data.revision}
          {update.data.affected.length > 0 && `; ${count(update.data.affected.length, 'unit')} will follow`}.
        </p>
      )}
    </form>
  );
}

/** Takes an exporter off the list, after a second look. */
export function Forget({ exporter }: { exporter: Exporter }) {
  const { me } = useSession();
  const [asked, setAsked] = useState(false);
  const forget = useDeleteSource();
  const id = exporter.flowSource;
  if (me.role === 'viewer' || id === undefined) return null;
  if (!asked) {
    return (
      <Button variant="default" className={styles.forget} onClick={() => setAsked(true)}>
        Forget this exporter…
      </Button>
    );
  }
  return (
    <div role="group" aria-label="Forget this exporter" className={styles.confirm}>
      <span>
        Forget {exporter.address}: its settings, and what units remember of it? Its flows stay. If it still sends, it appears anew.
      </span>
      <div className={styles.buttons}>
        <Button color="red" variant="outline" loading={forget.isPending} onClick={() => forget.mutate({ id, basedOn: exporter.settings.revision })}>
          Forget
        </Button>
        <Button variant="default" onClick={() => setAsked(false)}>
          Keep
        </Button>
      </div>
      {forget.error && (
        <p role="alert" className={styles.mistake}>
          {forget.error.message}
        </p>
      )}
      {forget.isSuccess && <p role="status" className={styles.saved}>Forgotten.</p>}
    </div>
  );
}
