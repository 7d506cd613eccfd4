import { Button } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { ApiError, UNREACHABLE } from '../graphql/execute';
import styles from './states.module.css';

type Props = { error: unknown; retry?: () => void; title?: string };

/** An error in the place of a page or panel: what happened and what to do. */
export function PageError({ error, retry, title }: Props) {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof ApiError ? error.code : undefined;
  return (
    <div className={styles.centre} role="alert">
      <IconPlugConnectedX size={28} stroke={1.5} aria-hidden />
      <strong>{title ?? headline(code)}</strong>
      <span className={styles.detail}>
        {text}
        {code && code !== UNREACHABLE ? ` (${code})` : ''}
      </span>
      <Button variant="default" onClick={retry ?? (() => location.reload())}>
        Try again
      </Button>
    </div>
  );
}

function headline(code: string | undefined): string {
  if (code === UNREACHABLE) return 'The Master does not answer';
  if (code === 'FORBIDDEN') return 'This token may not do that';
  return 'This did not work';
}
