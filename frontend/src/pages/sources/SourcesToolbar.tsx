import { Select, Switch } from '@mantine/core';
import type { RefObject } from 'react';
import { ListBar } from '../../components/ListBar';
import { exact } from '../../format/numbers';
import { protocolName } from '../../format/words';
import type { Exporter } from './exporters';
import type { View } from './url';

type Props = {
  view: View;
  change: (part: Partial<View>) => void;
  exporters: readonly Exporter[];
  shown: number;
  search: RefObject<HTMLInputElement | null>;
};

/** Which exporters are shown. */
export function SourcesToolbar({ view, change, exporters, shown, search }: Props) {
  const troubled = exporters.filter((e) => e.tone !== 'ok').length;
  return (
    <ListBar
      label="Sources"
      noun="source"
      placeholder="Address, name, unit, problem…"
      text={view.text}
      onText={(text) => change({ text })}
      shown={shown}
      all={exporters.length}
      search={search}
    >
      <Facet
        label="Source group"
        all="All source groups"
        value={view.group}
        values={exporters.map((e) => e.group)}
        onChange={(group) => change({ group })}
      />
      <Facet
        label="Protocol"
        all="All protocols"
        value={view.protocol}
        values={exporters.flatMap((e) => e.protocols)}
        name={protocolName}
        onChange={(protocol) => change({ protocol })}
      />
      <Switch
        label={`Only with problems (${exact(troubled)})`}
        checked={view.problems}
        onChange={(e) => change({ problems: e.currentTarget.checked })}
      />
    </ListBar>
  );
}

type FacetProps = {
  label: string;
  all: string;
  value: string;
  values: readonly string[];
  name?: (value: string) => string;
  onChange: (value: string) => void;
};

/** One of the values that exporters have, with how many have it, or all. */
function Facet({ label, all, value, values, name = (v) => v, onChange }: FacetProps) {
  const present = [...new Set([...values, value])].filter(Boolean).sort((a, b) => name(a).localeCompare(name(b), 'en'));
  const size = (v: string) => values.filter((x) => x === v).length;
  return (
    <Select
      aria-label={label}
      w={172}
      allowDeselect={false}
      value={value}
      data={[{ value: '', label: all }, ...present.map((v) => ({ value: v, label: `${name(v)} (${exact(size(v))})` }))]}
      onChange={(v) => onChange(v ?? '')}
    />
  );
}
