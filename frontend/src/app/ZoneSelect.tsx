import { Select } from '@mantine/core';
import { useState } from 'react';
import { zoneName } from '../format/times';
import { namedZones } from '../format/zones';
import { setPreferences, usePreferences } from '../preferences';
import styles from './Shell.module.css';

/** The zone of every time in the dashboard. */
export function ZoneSelect() {
  const { zone } = usePreferences();
  const [opened, setOpened] = useState(false);
  const named = opened ? namedZones() : [zone].filter((z) => z !== 'local' && z !== 'UTC'); // hundreds, which no page should carry along
  return (
    <Select
      aria-label="Time zone"
      className={styles.zone}
      allowDeselect={false}
      searchable
      maxDropdownHeight={320}
      nothingFoundMessage="No zone of that name"
      value={zone}
      onChange={(z) => z && setPreferences({ zone: z })}
      onDropdownOpen={() => setOpened(true)}
      onDropdownClose={() => setOpened(false)}
      data={[
        { value: 'local', label: `Browser: ${zoneName('local')}` },
        { value: 'UTC', label: 'UTC' },
        ...named.map((z) => ({ value: z, label: z })),
      ]}
      comboboxProps={{ width: 250, position: 'bottom-end' }}
    />
  );
}
