import { CloseButton, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { Ref } from 'react';
import styles from './SearchInput.module.css';

type Props = {
  ref: Ref<HTMLInputElement>;
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
};

/** Narrows a list as one types; Esc leaves it, so that single keys work again. */
export function SearchInput({ ref, label, placeholder, value, onChange }: Props) {
  return (
    <TextInput
      ref={ref}
      className={styles.search}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={value !== '' && <CloseButton size="xs" aria-label="Clear the search" onClick={() => onChange('')} />}
      value={value}
      onChange={(e) => onChange(e.currentTarget.value)}
      onKeyDown={(e) => e.key === 'Escape' && e.currentTarget.blur()}
    />
  );
}
