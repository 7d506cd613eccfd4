import { IconArrowNarrowDown, IconArrowNarrowUp } from '@tabler/icons-react';
import styles from './SortButton.module.css';

export type Direction = 'ascending' | 'descending';

type Props = { label: string; direction: Direction | undefined; onClick: () => void };

/** The head of a column that is sorted by when clicked. */
export const SortButton = ({ label, direction, onClick }: Props) => (
  <button type="button" className={styles.sort} onClick={onClick}>
    {label}
    {direction === 'ascending' && <IconArrowNarrowUp size={13} aria-hidden />}
    {direction === 'descending' && <IconArrowNarrowDown size={13} aria-hidden />}
  </button>
);
