import { ActionIcon } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { copyText } from './copy';

const shownMs = 2_000;

/** Copies a text, and shows for a moment that it has. */
export function CopyMark({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <ActionIcon
      variant="subtle"
      size="xs"
      c="var(--text-dim)"
      aria-label={copied ? 'Copied' : `Copy ${what}`}
      onClick={() => void copyText(text).then(() => setCopied(true), () => setCopied(false))}
    >
      {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
    </ActionIcon>
  );
}
