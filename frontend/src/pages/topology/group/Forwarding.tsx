import { Button } from '@mantine/core';
import { IconArrowRight, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { protocolName } from '../../../format/words';
import { useSession } from '../../../session/useSession';
import type { ProxyGroup, SourceGroup } from '../sections';
import { Outcome, useChange } from './ChangeForm';
import { CopyCounts } from './CopyCounts';
import styles from './group.module.css';
import { draftOf, filterOf, inputOf, maxTargets, senderOf, type Target } from './target';
import { TargetForm } from './TargetForm';
import { useCopies } from './useSourceGroup';

type Props = { group: SourceGroup; proxyGroups: readonly ProxyGroup[] };

/** The targets of a source group with what they got; one at a time is edited. */
export function Forwarding({ group, proxyGroups }: Props) {
  const { me } = useSession();
  const mayChange = me.role !== 'viewer';
  const [edited, setEdited] = useState<number>(); // index; the length of the list for a new one
  const isNew = edited === group.forward.length;
  return (
    <>
      {group.forward.length === 0 && !isNew && <p className="dim">To nobody.</p>}
      <ul className={styles.targets}>
        {group.forward.map((target, i) =>
          edited === i && mayChange ? (
            <li key={target.name}>
              <TargetForm {...{ group, proxyGroups }} index={i} close={() => setEdited(undefined)} />
            </li>
          ) : (
            <TargetLine key={target.name} {...{ group, proxyGroups, target, mayChange }} edit={() => setEdited(i)} />
          ),
        )}
        {isNew && (
          <li>
            <TargetForm {...{ group, proxyGroups }} index={group.forward.length} close={() => setEdited(undefined)} />
          </li>
        )}
      </ul>
      {mayChange && !isNew && group.forward.length < maxTargets && (
        <Button variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setEdited(group.forward.length)}>
          Add a target
        </Button>
      )}
    </>
  );
}

type LineProps = Props & { target: Target; mayChange: boolean; edit: () => void };

/** One target in words, its counts, and what an operator may do with it. */
function TargetLine({ group, proxyGroups, target, mayChange, edit }: LineProps) {
  const copies = useCopies(group.name, true);
  return (
    <li className={styles.target} aria-label={`Target ${target.name}`}>
      <div className={styles.targetHead}>
        <strong>{target.name}</strong>
        <IconArrowRight size={13} aria-hidden /> <code>{target.address}</code>
        <span className="grow" />
        {mayChange && (
          <>
            <Button size="compact-xs" variant="default" aria-label={`Edit ${target.name}`} onClick={edit}>
              Edit
            </Button>
            <Remove {...{ group, target }} />
          </>
        )}
      </div>
      <p className="dim">
        {filterOf(target, protocolName)}; {target.source === 'exporter' ? 'with the exporter’s address' : 'with the address of the Proxy'};{' '}
        {senderOf(target, proxyGroups, group.forwarder)}
      </p>
      <CopyCounts copies={copies.data?.filter((c) => !c.twin && c.target === target.name)} label={`Copies to ${target.name}`} />
    </li>
  );
}

/** Takes a target away, after a second look. */
function Remove({ group, target }: { group: SourceGroup; target: Target }) {
  const [asked, setAsked] = useState(false);
  const change = useChange(group, () => undefined);
  const rest = group.forward.filter((t) => t.name !== target.name).map((t) => inputOf(draftOf(t)));
  if (!asked) {
    return (
      <Button size="compact-xs" variant="default" aria-label={`Remove ${target.name}`} onClick={() => setAsked(true)}>
        Remove…
      </Button>
    );
  }
  return (
    <>
      <Button size="compact-xs" color="red" variant="outline" loading={change.isPending} onClick={() => void change.save({}, { forward: rest }, () => setAsked(false))}>
        Remove {target.name}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => setAsked(false)}>
        Keep
      </Button>
      <Outcome change={change} />
    </>
  );
}
