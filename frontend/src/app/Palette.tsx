import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import {
  IconAccessPoint, IconApi, IconBraces, IconChartAreaLine, IconHistory, IconKeyboard, IconListSearch, IconMoonStars, IconReceipt2, IconSearch, IconSitemap,
} from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { narrow } from '../filter/terms';
import { presets } from '../time/range';
import { explorerPath, referencePath } from './apis';

type Props = { toggleScheme: () => void; openHelp: () => void };

const questions: readonly [string, string, string][] = [
  ['Top talkers', '', 'srcAddr'],
  ['Conversations', '', 'srcAddr,dstAddr'],
  ['Services', '', 'dstPort'],
  ['Protocols', '', 'proto'],
  ['Exporters', '', 'exporter'],
  ['Web traffic by server', narrow('', 'port in [80 443]', 'include'), 'dstAddr'],
  ['DNS by server', narrow('', 'dst port 53', 'include'), 'dstAddr'],
  ['IPv6 talkers', 'inet6', 'srcAddr'],
];

/** Everything that can be reached or done, by name. */
export function Palette({ toggleScheme, openHelp }: Props) {
  const navigate = useNavigate();
  const go: SpotlightActionData[] = [
    { id: 'topology', label: 'Topology', description: 'Units, groups and their health', leftSection: <IconSitemap size={18} />, onClick: () => void navigate({ to: '/topology' }) },
    { id: 'sources', label: 'Sources', description: 'Exporters, their health and losses', leftSection: <IconAccessPoint size={18} />, onClick: () => void navigate({ to: '/sources' }) },
    { id: 'ledger', label: 'Ledger', description: 'What became of every packet and record', leftSection: <IconReceipt2 size={18} />, onClick: () => void navigate({ to: '/sources', search: { tab: 'ledger' } }) },
    { id: 'explore', label: 'Explore', description: 'Ask about flows', leftSection: <IconChartAreaLine size={18} />, onClick: () => void navigate({ to: '/explore' }) },
    { id: 'queries', label: 'Queries', description: 'Who asks what, how far it is, what it cost', leftSection: <IconListSearch size={18} />, onClick: () => void navigate({ to: '/queries' }) },
    { id: 'actions', label: 'Action log', description: 'Who changed what, and which units have followed', leftSection: <IconHistory size={18} />, onClick: () => void navigate({ to: '/actions' }) },
    { id: 'graphql', label: 'GraphQL explorer', description: 'Try the API that this dashboard uses', leftSection: <IconBraces size={18} />, onClick: () => location.assign(explorerPath) },
    { id: 'rest', label: 'REST reference', description: 'Every call of the API for scripts', leftSection: <IconApi size={18} />, onClick: () => location.assign(referencePath) },
  ];
  const ask: SpotlightActionData[] = questions.map(([label, f, by]) => ({
    id: `ask-${label}`,
    label,
    description: f === '' ? `by ${by.replaceAll(',', ' and ')}` : `${f}, by ${by}`,
    leftSection: <IconSearch size={18} />,
    onClick: () => void navigate({ to: '/explore', search: { f, by } }),
  }));
  const range: SpotlightActionData[] = presets.map((p) => ({
    id: `range-${p.range.from}`,
    label: p.label,
    description: 'Time range of Explore',
    onClick: () => void navigate({ to: '/explore', search: (s: object) => ({ ...s, ...p.range }) }),
  }));
  const rest: SpotlightActionData[] = [
    { id: 'theme', label: 'Switch between light and dark', leftSection: <IconMoonStars size={18} />, onClick: toggleScheme },
    { id: 'help', label: 'Shortcuts and filter language', leftSection: <IconKeyboard size={18} />, onClick: openHelp },
  ];
  return (
    <Spotlight
      shortcut="mod + K"
      tagsToIgnore={[]}
      triggerOnContentEditable
      limit={9}
      highlightQuery
      nothingFound="Nothing of that name"
      searchProps={{ placeholder: 'Go to or do…', 'aria-label': 'Go to or do', leftSection: <IconSearch size={18} /> }}
      actions={[
        { group: 'Pages', actions: go },
        { group: 'Ask', actions: ask },
        { group: 'Time range', actions: range },
        { group: 'Console', actions: rest },
      ]}
    />
  );
}
