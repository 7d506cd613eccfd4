import { MultiSelect, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { protocolName } from '../../../format/words';
import type { ProxyGroup, SourceGroup } from '../sections';
import { ChangeForm, useChange } from './ChangeForm';
import { draftOf, emptyDraft, fieldOf, inputOf, mistakesIn, type Draft, type Version } from './target';

type Props = {
  group: SourceGroup;
  proxyGroups: readonly ProxyGroup[];
  /** Place in the list; its length for a new target. */
  index: number;
  close: () => void;
};

const versions: readonly Version[] = ['netflow1', 'netflow5', 'netflow7', 'netflow9', 'ipfix', 'sflow'];

/** Where copies go and of what; empty lists mean everything. */
export function TargetForm({ group, proxyGroups, index, close }: Props) {
  const present = group.forward[index];
  const [draft, setDraft] = useState<Draft>(present ? draftOf(present) : emptyDraft);
  const change = useChange(group, fieldOf(index));
  const { mistakes } = change;
  const type = (part: Partial<Draft>) => {
    change.begin();
    setDraft({ ...draft, ...part });
  };
  const others = group.forward.filter((_, i) => i !== index);
  const save = () => {
    const forward = group.forward.map((t, i) => inputOf(i === index ? draft : draftOf(t)));
    return change.save(mistakesIn(draft, others), { forward: present ? forward : [...forward, inputOf(draft)] }, close);
  };
  const text = (field: 'name' | 'address' | 'exporters' | 'ports' | 'domains') => ({
    value: draft[field],
    error: mistakes[field],
    onChange: (e: { currentTarget: { value: string } }) => type({ [field]: e.currentTarget.value }),
  });
  return (
    <ChangeForm change={change} isChanged save={save} discard={close} discardLabel="Cancel">
      <TextInput label="Name" placeholder="for example siem" maxLength={63} data-autofocus {...text('name')} />
      <TextInput label="Address and UDP port" placeholder="192.0.2.9:2055" {...text('address')} />
      <TextInput label="Only exporters" placeholder="all; or 192.0.2.1, 10.0.0.0/8" {...text('exporters')} />
      <TextInput label="Only listening ports" placeholder="all" {...text('ports')} />
      <TextInput label="Only observation domains" placeholder="all" {...text('domains')} />
      <MultiSelect
        label="Only formats"
        placeholder={draft.versions.length === 0 ? 'all' : ''}
        data={versions.map((v) => ({ value: v, label: protocolName(v) }))}
        value={draft.versions}
        error={mistakes.versions}
        onChange={(v) => type({ versions: v as Version[] })}
      />
      <Select
        label="Sender address"
        allowDeselect={false}
        data={[{ value: 'exporter', label: 'that of the exporter' }, { value: 'own', label: 'that of the Proxy' }]}
        value={draft.source}
        error={mistakes.source}
        onChange={(v) => v && type({ source: v as Draft['source'] })}
      />
      <Select
        label="Sent by"
        description={draft.sentBy === 'first' ? 'When its Proxy goes down, the next one takes over within 5 s' : undefined}
        allowDeselect={false}
        data={[
          { value: 'all', label: 'every proxy group' },
          { value: 'first', label: 'the first that is up' },
          ...proxyGroups.map((g) => ({ value: g.id, label: g.name })),
        ]}
        value={draft.sentBy}
        error={mistakes.sentBy}
        onChange={(v) => v && type({ sentBy: v })}
      />
    </ChangeForm>
  );
}
