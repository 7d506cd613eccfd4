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
export async function expectAccessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`);
  expect(found).toEqual([]);
}

export const shot = (page: Page, name: string) => page.screenshot({ path: `test-results/${name}.png` });
