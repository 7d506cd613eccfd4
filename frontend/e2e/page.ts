import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { demo } from './deployment';

type Fixtures = { signedIn: Page; clean: Page };

/** A page that asks nobody but the Master and complains about nothing. */
export const test = base.extend<Fixtures>({
  clean: async ({ page }, run) => {
    const { api } = demo();
    const origin = new URL(api).host;
    const strangers: string[] = [];
    const complaints: string[] = [];
    page.on('request', (r) => {
      const url = new URL(r.url());
      if (url.protocol !== 'data:' && url.protocol !== 'blob:' && url.host !== origin) strangers.push(r.url());
    });
    page.on('pageerror', (e) => complaints.push(e.message));
    page.on('console', (m) => {
      if (m.type() === 'error' && !refusal.test(m.text())) complaints.push(m.text());
    });
    await run(page);
    expect(strangers, 'requests to other places').toEqual([]);
    expect(complaints, 'complaints in the console').toEqual([]);
  },
  signedIn: async ({ clean }, run) => {
    const { api, token } = demo();
    const answer = await clean.request.post(`${api}/api/v1/session`, { data: { token } });
    expect(answer.ok(), await answer.text()).toBe(true);
    await run(clean);
  },
});

/** Being asked to sign in is an answer, though Chromium prints it as an error. */
const refusal = /status of 401/;

export { expect };

export const at = (path: string): string => demo().api + path;

/** WCAG 2.2 A and AA. */
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * Every rule on every element. Only faults are described, and there are no
 * frames to ask, so that a long table takes 3 s instead of 14 s.
 */
export async function expectAccessible(page: Page): Promise<void> {
  await expectNone(audit(page).withTags(standards));
}

/** The same of the open dialog; the page behind it is the subject of other tests. */
export async function expectAccessibleDialog(page: Page): Promise<void> {
  await expectNone(audit(page).withTags(standards).include('[role=dialog]'));
}

const audit = (page: Page) => new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode(true);

async function expectNone(axe: AxeBuilder): Promise<void> {
  const { violations } = await axe.analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`);
  expect(found).toEqual([]);
}

/**
 * The same page in both themes, with a picture of each. The dark theme changes
 * nothing but colours, so that only their contrast is looked at again.
 */
export async function expectAccessibleInBoth(page: Page, name: string): Promise<void> {
  await inTheme(page, 'light');
  await expectAccessible(page);
  await shot(page, `${name}-light`);
  await inTheme(page, 'dark');
  await expectNone(audit(page).withRules(['color-contrast']));
  await shot(page, `${name}-dark`);
}

async function inTheme(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await expect(page.locator(`html[data-mantine-color-scheme=${colorScheme}]`)).toBeAttached();
}

export const shot = (page: Page, name: string) => page.screenshot({ path: `test-results/${name}.png` });
