import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const shades = (name: string) => Array.from({ length: 10 }, (_, i) => `var(--${name}-${i})`) as unknown as MantineColorsTuple;

/** Dense: every control is xs unless a page says otherwise. */
export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: 6,
  colors: { accent: shades('accent'), gray: shades('gray'), dark: shades('dark') },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--font-mono)',
  fontSizes: { xs: '12.5px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  components: Object.fromEntries(
    ['Button', 'TextInput', 'PasswordInput', 'Select', 'MultiSelect', 'SegmentedControl', 'NumberInput', 'Kbd'].map(
      (name) => [name, { defaultProps: { size: 'xs' } }],
    ),
  ),
});

/** The colours of the components are those of styles/tokens.css. */
export const cssVariables: CSSVariablesResolver = () => {
  const scheme = {
    '--mantine-color-body': 'var(--page)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-bright': 'var(--text)',
    '--mantine-color-dimmed': 'var(--text-dim)',
    '--mantine-color-placeholder': 'var(--text-dim)',
    '--mantine-color-anchor': 'var(--link)',
    '--mantine-color-default': 'var(--panel)',
    '--mantine-color-default-hover': 'var(--row-hover)',
    '--mantine-color-default-color': 'var(--text)',
    '--mantine-color-default-border': 'var(--border)',
    '--mantine-color-error': 'var(--bad)',
    '--mantine-color-accent-text': 'var(--link)',
    '--mantine-color-accent-light-color': 'var(--link)',
    '--mantine-color-accent-light': 'var(--row-chosen)',
  };
  return { variables: {}, light: scheme, dark: scheme };
};
