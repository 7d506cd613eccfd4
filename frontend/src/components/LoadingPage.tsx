import { Loader } from '@mantine/core';
import styles from './states.module.css';

export function LoadingPage() {
  return (
    <div className={styles.centre} role="status">
      <Loader size="sm" /> <span>Loading…</span>
    </div>
  );
}
