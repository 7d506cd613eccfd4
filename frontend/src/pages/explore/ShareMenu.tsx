import { Button, Menu } from '@mantine/core';
import { IconDownload, IconLink, IconPin, IconTable, IconTerminal2 } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { copyText } from '../../components/copy';
import { exact, si } from '../../format/numbers';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import { bounds, fixed } from '../../time/range';
import { curlOf } from './curl';
import { csvOf, fetchFile, fileName, flowsUrl, formats, mostOf, save, type Format } from './download';
import styles from './explore.module.css';
import { questions } from './questions';
import { writeView, type View } from './url';

type Props = {
  view: View;
  /** The groups in sight, if they are there. */
  groups: ResultPartsFragment | undefined;
  opened: boolean;
  setOpened: (opened: boolean) => void;
};

/** Takes what is seen elsewhere: a link, or a file. */
export function ShareMenu({ view, groups, opened, setOpened }: Props) {
  const [said, say] = useSaying();
  const files = useDownload(view, say);
  const copy = (text: string, what: string) => void copyText(text).then(() => say(`${what} copied`), () => say('The browser does not let pages copy'));
  const frozen = (): View => ({ ...view, range: fixed(...bounds(view.range, Date.now())) });
  return (
    <div className={styles.shareMenu}>
      <span role="status" className="dim">
        {files.octets === undefined ? said : `${si(files.octets, 'B')} so far`}
      </span>
      {files.octets !== undefined && (
        <Button size="compact-xs" variant="default" onClick={files.cancel}>
          Cancel the download
        </Button>
      )}
      <Menu position="bottom-end" width={300} opened={opened} onChange={setOpened}>
        <Menu.Target>
          <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} aria-hidden />}>
            Share
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconLink size={15} />} onClick={() => copy(linkTo(view), 'Link')}>
            Copy link
          </Menu.Item>
          <Menu.Item leftSection={<IconPin size={15} />} onClick={() => copy(linkTo(frozen()), 'Link')}>
            Copy link to this very time range
          </Menu.Item>
          <Menu.Item leftSection={<IconTerminal2 size={15} />} onClick={() => copy(curlOf(shownQuestion(view), location.origin), 'Command')}>
            Copy as curl
            <span className={styles.itemHint}>the question of this table, with the token in WEIR_TOKEN</span>
          </Menu.Item>
          {groups && view.by.length > 0 && (
            <Menu.Item
              leftSection={<IconTable size={15} />}
              onClick={() => save(new Blob([csvOf(groups)], { type: formats.csv.type }), fileName('groups', Date.now(), 'csv'))}
            >
              Download groups as CSV
              <span className={styles.itemHint}>what the table shows, with exact values</span>
            </Menu.Item>
          )}
          {(Object.keys(formats) as Format[]).map((format) => (
            <Menu.Item key={format} leftSection={<IconDownload size={15} />} disabled={files.octets !== undefined} onClick={() => files.start(format)}>
              Download records as {formats[format].label}
              <span className={styles.itemHint}>{formats[format].hint}; at most {exact(mostOf(view))}</span>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** What the tab in sight asks. */
function shownQuestion(view: View) {
  const { top, flows } = questions(view, Date.now());
  return view.tab === 'flows' ? flows : top;
}

function linkTo(view: View): string {
  const search = Object.entries(writeView(view)).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return `${location.origin}/explore?${new URLSearchParams(search)}`;
}

const sayMs = 4000;

/** A word about what was done, for some seconds. */
function useSaying(): [string, (text: string) => void] {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(''), sayMs);
    return () => clearTimeout(timer);
  }, [said]);
  return [said, setSaid];
}

/** One download at a time, with its octets while it runs. */
function useDownload(view: View, say: (text: string) => void) {
  const [octets, setOctets] = useState<number>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  async function start(format: Format) {
    const control = new AbortController();
    running.current = control;
    setOctets(0);
    try {
      const file = await fetchFile(flowsUrl(view, Date.now()), formats[format].type, control.signal, setOctets);
      save(file, fileName('flows', Date.now(), format));
      say(`${si(file.size, 'B')} downloaded`);
    } catch (cause) {
      say(control.signal.aborted ? 'Download canceled' : `No download: ${cause instanceof Error ? cause.message : String(cause)}`);
    } finally {
      setOctets(undefined);
    }
  }
  return { octets, start: (format: Format) => void start(format), cancel: () => running.current?.abort() };
}
