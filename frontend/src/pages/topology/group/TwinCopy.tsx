import { Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../../../session/useSession';
import type { ProxyGroup, SourceGroup } from '../sections';
import { ChangeForm, useChange } from './ChangeForm';
import { CopyCounts } from './CopyCounts';
import { addresses } from './target';
import { useCopies } from './useSourceGroup';

type Props = { group: SourceGroup; proxyGroups: readonly ProxyGroup[] };

/** Whether each Proxy hands what it receives to the Proxies of the other proxy groups. */
export function TwinCopy({ group, proxyGroups }: Props) {
  const { me } = useSession();
  const copies = useCopies(group.name, group.twinCopy);
  return (
    <>
      {me.role === 'viewer' ? <p className="dim">{describe(group)}</p> : <Form group={group} />}
      {group.twinCopy && proxyGroups.length < 2 && <p className="dim">It begins when the source group has two proxy groups.</p>}
      {group.twinCopy && proxyGroups.length > 1 && <CopyCounts copies={copies.data?.filter((c) => c.twin)} label="Copies to twins" />}
    </>
  );
}

function describe({ twinCopy, twinExporters }: SourceGroup): string {
  if (!twinCopy) return 'Off. Operators and administrators may switch it on.';
  return twinExporters.length === 0 ? 'On, for all exporters.' : `On, for ${twinExporters.join(', ')}.`;
}

type Draft = { twinCopy: boolean; exporters: string };

const fieldOf = (pointer: string) => (pointer.startsWith('/twinExporters') ? 'exporters' : undefined);

function Form({ group }: { group: SourceGroup }) {
  const [typed, setTyped] = useState<Draft>();
  const draft = typed ?? { twinCopy: group.twinCopy, exporters: group.twinExporters.join(', ') };
  const change = useChange<'exporters'>(group, fieldOf);
  const type = (part: Partial<Draft>) => {
    change.begin();
    setTyped({ ...draft, ...part });
  };
  const save = () => change.save({}, { twinCopy: draft.twinCopy, twinExporters: addresses(draft.exporters) }, () => setTyped(undefined));
  return (
    <ChangeForm change={change} isChanged={typed !== undefined} save={save} discard={() => setTyped(undefined)}>
      <Switch label="Copy to the twin Proxy" checked={draft.twinCopy} onChange={(e) => type({ twinCopy: e.currentTarget.checked })} />
      <TextInput
        label="Only exporters"
        placeholder="all; or 192.0.2.1, 10.0.0.0/8"
        disabled={!draft.twinCopy}
        value={draft.exporters}
        error={change.mistakes.exporters}
        onChange={(e) => type({ exporters: e.currentTarget.value })}
      />
    </ChangeForm>
  );
}
