import { Kbd, Modal, Switch, Table } from '@mantine/core';
import { setPreferences, usePreferences } from '../preferences';

const sheet: readonly [string, string][] = [
  ['g t', 'Topology'],
  ['g s', 'Sources'],
  ['g x', 'Explore'],
  ['g q', 'Queries'],
  ['g a', 'Action log'],
  ['/', 'Focus the filter or the search'],
  ['Ctrl Enter', 'Run the query (also Enter in the filter)'],
  ['Esc', 'Cancel the running query'],
  ['r', 'Run again'],
  ['t ←', 'Half a range earlier'],
  ['t →', 'Half a range later'],
  ['t -', 'Range twice as long'],
  ['t +', 'Range half as long'],
  ['t z', 'Back to the range before'],
  ['t a', 'Choose a range'],
  ['t c', 'Copy the range'],
  ['t v', 'Paste a range'],
  ['e', 'Share: links and files'],
  ['↑ ↓', 'Next source; Enter opens it, Esc closes it'],
  ['p', 'Only units in trouble, only sources with problems'],
  ['Ctrl K', 'Go to or do…'],
  ['d', 'Light or dark theme'],
  ['?', 'This sheet'],
];

const language: readonly [string, string][] = [
  ['proto tcp', 'protocol by name or number'],
  ['src ip 10.1.2.3', 'address; without src or dst: either side'],
  ['dst net 10.0.0.0/8', 'network'],
  ['port in [80 443 8000-8999]', 'one of a list of ports or ranges'],
  ['flags S and not flags A', 'TCP flags'],
  ['bytes > 1M', 'counters, with k, M, G'],
  ['in if 3, src as 64500, src vlan 10', 'interface, autonomous system, VLAN'],
  ['router ip 192.0.2.1', 'the exporter'],
  ['inet6 and not proto icmp6', 'terms join by and, or, not and parentheses'],
];

export function HelpSheet({ opened, close }: { opened: boolean; close: () => void }) {
  const { keys } = usePreferences();
  return (
    <Modal opened={opened} onClose={close} title="Shortcuts and filter language" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Switch
        label="Single-key shortcuts"
        checked={keys}
        onChange={(e) => setPreferences({ keys: e.currentTarget.checked })}
        mb="sm"
      />
      <Sheet caption="Keys" rows={sheet} keys />
      <Sheet caption="Filter" rows={language} />
    </Modal>
  );
}

function Sheet({ caption, rows, keys = false }: { caption: string; rows: readonly [string, string][]; keys?: boolean }) {
  return (
    <Table withRowBorders={false} verticalSpacing={3} fz="sm" captionSide="top">
      <Table.Caption ta="left" fw={600} c="var(--text)">
        {caption}
      </Table.Caption>
      <Table.Tbody>
        {rows.map(([left, right]) => (
          <Table.Tr key={left}>
            <Table.Td w={keys ? 120 : 230} maw="45vw" valign="top">
              {keys ? left.split(' ').map((k) => <Kbd key={k} mr={4}>{k}</Kbd>) : <code>{left}</code>}
            </Table.Td>
            <Table.Td>{right}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
