import { Button, Select, Tooltip } from '@mantine/core';
import { IconPlayerPlay, IconPlayerStop, IconX } from '@tabler/icons-react';
import { setPreferences, usePreferences } from '../../preferences';
import { endsNow } from '../../time/range';
import styles from './explore.module.css';
import type { View } from './url';

const rates = [
  { value: '0', label: 'No refresh' },
  { value: '5', label: 'Every 5 s' },
  { value: '10', label: 'Every 10 s' },
  { value: '30', label: 'Every 30 s' },
  { value: '60', label: 'Every 1 min' },
  { value: '300', label: 'Every 5 min' },
];

/** How often a question whose range ends now is asked again. */
export function RefreshSelect({ view }: { view: View }) {
  const { refresh } = usePreferences();
  const possible = endsNow(view.range);
  return (
    <Tooltip label="Only ranges that end now are refreshed" disabled={possible}>
      <Select
        w={118}
        aria-label="Refresh"
        allowDeselect={false}
        disabled={!possible}
        data={rates}
        value={possible ? String(refresh) : '0'}
        onChange={(s) => s && setPreferences({ refresh: Number(s) })}
      />
    </Tooltip>
  );
}

type Props = {
  /** Without a text: what was typed last. */
  run: (text?: string) => void;
  running: boolean;
  canStop: boolean;
  cancel: () => void;
  stop: () => void;
};

/** Run, or while it runs: keep what is there, or drop it. */
export function RunButtons({ run, running, canStop, stop, cancel }: Props) {
  if (!running || !canStop) {
    return (
      <Tooltip label="Enter, Ctrl Enter">
        <Button h={30} className={styles.run} leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={() => run()}>
          Run
        </Button>
      </Tooltip>
    );
  }
  return (
    <Button.Group>
      <Tooltip label="End it and keep what is there">
        <Button h={30} variant="default" leftSection={<IconPlayerStop size={14} aria-hidden />} onClick={stop}>
          Stop
        </Button>
      </Tooltip>
      <Tooltip label="End it and drop it (Esc)">
        <Button h={30} variant="default" leftSection={<IconX size={14} aria-hidden />} onClick={cancel}>
          Cancel
        </Button>
      </Tooltip>
    </Button.Group>
  );
}
