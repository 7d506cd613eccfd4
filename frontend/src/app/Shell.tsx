import { ActionIcon, Kbd, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import {
  IconAccessPoint, IconChartAreaLine, IconHistory, IconKeyboard, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconListSearch, IconMoon,
  IconSearch, IconSitemap, IconSun,
} from '@tabler/icons-react';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useState } from 'react';
import { setPreferences, usePreferences } from '../preferences';
import { HelpSheet } from './HelpSheet';
import { useShortcuts } from './keys';
import { Logo } from './Logo';
import { Palette } from './Palette';
import { PersonMenu } from './PersonMenu';
import styles from './Shell.module.css';
import { useRunningCount } from './useRunningCount';
import { ZoneSelect } from './ZoneSelect';

const pages = [
  { to: '/topology', label: 'Topology', keys: 'g t', icon: IconSitemap },
  { to: '/sources', label: 'Sources', keys: 'g s', icon: IconAccessPoint },
  { to: '/explore', label: 'Explore', keys: 'g x', icon: IconChartAreaLine },
  { to: '/queries', label: 'Queries', keys: 'g q', icon: IconListSearch },
  { to: '/actions', label: 'Action log', keys: 'g a', icon: IconHistory },
] as const;

/** What every page stands in: navigation, zone, palette, theme, who I am. */
export function Shell() {
  const navigate = useNavigate();
  const { navOpen } = usePreferences();
  const [help, setHelp] = useState(false);
  const scheme = useComputedColorScheme('light');
  const { setColorScheme } = useMantineColorScheme();
  const toggleScheme = () => setColorScheme(scheme === 'dark' ? 'light' : 'dark');

  useShortcuts([
    ...pages.map((p) => ({ keys: p.keys, run: () => void navigate({ to: p.to }) })),
    { keys: 'd', run: toggleScheme },
    { keys: '?', run: () => setHelp(true) },
  ]);

  return (
    <div className={styles.shell} data-nav={navOpen ? 'open' : 'closed'}>
      <a href="#content" className={styles.skip}>
        Skip to the content
      </a>
      <NavigationColumn />
      <header className={styles.header}>
        <PageTitle />
        <span className="grow" />
        <UnstyledButton className={styles.search} onClick={spotlight.open} aria-label="Go to or do">
          <IconSearch size={14} aria-hidden /> <span>Go to or do…</span> <Kbd>Ctrl K</Kbd>
        </UnstyledButton>
        <ZoneSelect />
        <Tooltip label="Shortcuts (?)">
          <ActionIcon variant="subtle" className={styles.help} aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={scheme === 'dark' ? 'Light theme (d)' : 'Dark theme (d)'}>
          <ActionIcon variant="subtle" aria-label={scheme === 'dark' ? 'Light theme' : 'Dark theme'} onClick={toggleScheme}>
            {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
          </ActionIcon>
        </Tooltip>
        <PersonMenu />
      </header>
      <main id="content" className={styles.content} tabIndex={-1}>
        <Outlet />
      </main>
      <Palette toggleScheme={toggleScheme} openHelp={() => setHelp(true)} />
      <HelpSheet opened={help} close={() => setHelp(false)} />
    </div>
  );
}

function NavigationColumn() {
  const { navOpen } = usePreferences();
  const running = useRunningCount();
  const more = (to: string) => (to === '/queries' && running > 0 ? `, ${running} running` : '');
  return (
    <nav className={styles.nav} aria-label="Pages">
      <div className={styles.brand}>
        <Logo /> <span className={styles.brandName}>weir</span>
      </div>
      {pages.map((p) => (
        <Tooltip key={p.to} label={`${p.label} (${p.keys})`} position="right" disabled={navOpen}>
          <Link to={p.to} className={styles.link} aria-label={`${p.label}${more(p.to)}`} activeProps={{ 'aria-current': 'page' }}>
            <p.icon size={17} stroke={1.7} aria-hidden />
            <span className={styles.linkLabel}>{p.label}</span>
            {more(p.to) !== '' && (
              <span className={styles.running} aria-hidden>
                {running}
              </span>
            )}
            <kbd className={styles.linkKeys} aria-hidden>
              {p.keys}
            </kbd>
          </Link>
        </Tooltip>
      ))}
      <span className="grow" />
      <ActionIcon
        variant="subtle"
        className={styles.fold}
        aria-label={navOpen ? 'Fold the navigation' : 'Unfold the navigation'}
        onClick={() => setPreferences({ navOpen: !navOpen })}
      >
        {navOpen ? <IconLayoutSidebarLeftCollapse size={17} /> : <IconLayoutSidebarLeftExpand size={17} />}
      </ActionIcon>
    </nav>
  );
}

function PageTitle() {
  const path = useRouterState({ select: (s) => s.location.pathname });
  return <h1 className={styles.title}>{pages.find((p) => path.startsWith(p.to))?.label ?? 'weir'}</h1>;
}
