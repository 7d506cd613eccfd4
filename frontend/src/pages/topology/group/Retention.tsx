import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { SmallTable } from '../../../components/SmallTable';
import { volume } from '../../../format/numbers';
import { span } from '../../../format/times';
import { useSession } from '../../../session/useSession';
import { useNow } from '../../../components/useNow';
import type { SourceGroup } from '../sections';
import type { Topology, Unit } from '../useTopology';
import { ChangeForm, useChange } from './ChangeForm';
import { ageText, draftOf, fieldOf, inputOf, mistakesIn, type Draft } from './retention';

type Props = { group: SourceGroup; topology: Topology };

/** The bounds of what is kept, and what each Slave has and could have. */
export function Retention({ group, topology }: Props) {
  const { me } = useSession();
  return (
    <>
      {me.role === 'viewer' ? <p className="dim">{describe(draftOf(group.retention))}</p> : <Form group={group} />}
      <Slaves units={storesOf(topology, group)} />
    </>
  );
}

const describe = ({ age, quota }: Draft): string =>
  `Maximum age ${age || 'as each unit is configured'}, quota ${quota || 'as each unit is configured'}. Operators and administrators may set them.`;

/** The draft follows what is set until someone types. */
function Form({ group }: { group: SourceGroup }) {
  const [typed, setTyped] = useState<Draft>();
  const draft = typed ?? draftOf(group.retention);
  const change = useChange(group, fieldOf);
  const type = (part: Partial<Draft>) => {
    change.begin();
    setTyped({ ...draft, ...part });
  };
  const save = () => change.save(mistakesIn(draft), { retention: inputOf(draft) }, () => setTyped(undefined));
  return (
    <ChangeForm change={change} isChanged={typed !== undefined} save={save} discard={() => setTyped(undefined)}>
      <TextInput
        label="Maximum age"
        placeholder="as each unit is configured"
        value={draft.age}
        error={change.mistakes.age}
        onChange={(e) => type({ age: e.currentTarget.value })}
      />
      <TextInput
        label="Quota of each Slave"
        placeholder="as each unit is configured"
        value={draft.quota}
        error={change.mistakes.quota}
        onChange={(e) => type({ quota: e.currentTarget.value })}
      />
    </ChangeForm>
  );
}

/** The units of a source group that store flows. */
function storesOf({ units, proxyGroups }: Topology, group: SourceGroup): Unit[] {
  const ids = new Set(
    proxyGroups.filter((g) => g.sourceGroup?.id === group.id).flatMap((g) => (g.slaves.length === 0 ? [g.proxy.id] : g.slaves.map((s) => s.unit.id))),
  );
  return units.filter((u) => ids.has(u.id) && (u.role === 'slave' || u.role === 'standalone'));
}

function Slaves({ units }: { units: readonly Unit[] }) {
  const now = useNow();
  if (units.length === 0) return <p className="dim">No Slave works for it.</p>;
  return (
    <SmallTable label="What each Slave keeps" heads={[['Slave'], ['Used', 'num'], ['Free', 'num'], ['Quota', 'num'], ['Least', 'num'], ['Max. age', 'num'], ['Oldest', 'num']]}>
      {units.map(({ id, name, status: s }) => (
        <tr key={id}>
          <td>{name}</td>
          <td className="num">{volume('bytes', Number(s.storeBytes))}</td>
          <td className="num">{volume('bytes', Number(s.storeFreeBytes))}</td>
          <td className="num">{s.storeQuotaBytes === '0' ? 'no bound' : volume('bytes', Number(s.storeQuotaBytes))}</td>
          <td className="num" title="A quota below this is refused">{volume('bytes', Number(s.storeMinimumBytes))}</td>
          <td className="num">{s.storeMaxAgeSeconds === 0 ? 'for ever' : ageText(s.storeMaxAgeSeconds)}</td>
          <td className="num">{s.oldest ? span(Math.max(0, now - Date.parse(s.oldest))) : '–'}</td>
        </tr>
      ))}
    </SmallTable>
  );
}
