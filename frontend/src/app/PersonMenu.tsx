import { ActionIcon, Menu } from '@mantine/core';
import { IconApi, IconBraces, IconLogout, IconUser } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { signOut } from '../session/session';
import { useSession } from '../session/useSession';
import { explorerPath, referencePath } from './apis';

/** Who I am, where the APIs are, and the way out. */
export function PersonMenu() {
  const session = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      queries.clear();
      await navigate({ to: '/login' });
    },
  });
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label="Session">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.me.name} · {session.me.role}
        </Menu.Label>
        <Menu.Label>weir {session.version.version}</Menu.Label>
        <Menu.Divider />
        <Menu.Item component="a" href={explorerPath} leftSection={<IconBraces size={15} />}>
          GraphQL explorer
        </Menu.Item>
        <Menu.Item component="a" href={referencePath} leftSection={<IconApi size={15} />}>
          REST reference
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} closeMenuOnClick={false} onClick={() => leave.mutate()}>
          Sign out
        </Menu.Item>
        {leave.error && <Menu.Label role="alert">Still signed in: {leave.error.message}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}
