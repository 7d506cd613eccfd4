import { Switch } from '@mantine/core';
import type { RefObject } from 'react';
import { ListBar } from '../../components/ListBar';
import { exact } from '../../format/numbers';
import { troubledIn, unitsIn, type Wanted } from './narrow';
import type { Section } from './sections';

type Props = {
  wanted: Wanted;
  change: (part: Partial<Wanted>) => void;
  all: readonly Section[];
  shown: readonly Section[];
  search: RefObject<HTMLInputElement | null>;
};

/** Which units are shown, on the map and in the table. */
export function TopologyToolbar({ wanted, change, all, shown, search }: Props) {
  return (
    <ListBar
      label="Units"
      noun="unit"
      placeholder="Unit, group, role, state…"
      text={wanted.text}
      onText={(text) => change({ text })}
      shown={unitsIn(shown)}
      all={unitsIn(all)}
      search={search}
    >
      <Switch
        label={`Only in trouble (${exact(troubledIn(all))})`}
        checked={wanted.troubled}
        onChange={(e) => change({ troubled: e.currentTarget.checked })}
      />
    </ListBar>
  );
}
