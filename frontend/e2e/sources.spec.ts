import type { Page } from '@playwright/test';
import { at, expect, expectAccessible, expectAccessibleInBoth, shot, test } from './page';

const grid = (page: Page) => page.getByRole('grid', { name: 'Sources' });
const rowOf = (page: Page, exporter: string) => grid(page).getByRole('row').filter({ hasText: exporter });

/** Every exporter of the demo has sent once it has run for some seconds. */
async function openSources(page: Page, search = '') {
  await page.goto(at(`/sources${search}`));
  await expect(grid(page).getByRole('row')).not.toHaveCount(1, { timeout: 60_000 });
}

test('every exporter is listed with its sampling and its losses', async ({ signedIn: page }) => {
  await openSources(page);
  await expect(grid(page).getByRole('row')).toHaveCount(9, { timeout: 60_000 });
  await expect(rowOf(page, 'NetFlow v9').filter({ hasText: '1:100 options' })).toHaveCount(1);
  await expect(rowOf(page, 'sFlow v5').filter({ hasText: '1:512 per sample' })).toHaveCount(1);
  await expect(rowOf(page, 'NetFlow v5').filter({ hasText: '1:1 header' })).toHaveCount(1);
  await expect(page.getByLabel('Summary')).toContainText(/[1-9][\d.]* rec\/s/, { timeout: 30_000 });
  await expectAccessibleInBoth(page, 'sources');
});

test('a source opens with its account, which balances', async ({ signedIn: page }) => {
  await openSources(page, '?q=london');
  await rowOf(page, '1:100 options').click();
  const panel = page.getByRole('complementary');
  const account = panel.getByRole('region', { name: 'Account by unit and hop' });
  for (const unit of ['london-proxy', 'london-slave-1', 'london-slave-2']) await expect(account.getByText(unit, { exact: true })).toBeVisible();
  await expect(panel.getByText('Every account balances')).toBeVisible();
  await expect(panel.getByRole('region', { name: 'Templates by unit and domain' }).getByRole('row')).toHaveCount(4);
  await expect(page).toHaveURL(/source=london\/127/);
  await expectAccessibleInBoth(page, 'source');
});

test('the ledger of the deployment balances', async ({ signedIn: page }) => {
  await page.goto(at('/sources?tab=ledger'));
  const accounts = page.getByRole('region', { name: 'Accounts by unit and hop' });
  await expect(accounts.getByText('balances').first()).toBeVisible();
  await expect(accounts.getByText('not accounted for')).toHaveCount(0);
  await expect(accounts.getByText('on UDP 2055')).toHaveCount(2);
  await expect(page.getByText('Every account balances')).toBeVisible();
  await expectAccessibleInBoth(page, 'ledger');
});

test('a source is found, opened and left by keyboard, and leads to its flows', async ({ signedIn: page }) => {
  await page.goto(at('/topology'));
  await expect(page.getByRole('region', { name: 'Units' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(grid(page)).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('ipfix');
  await expect(page).toHaveURL(/q=ipfix/);
  await page.keyboard.press('Escape');
  await grid(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary');
  await expect(panel).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel).toHaveCount(0);
  await page.keyboard.press('Enter');
  await panel.getByRole('link', { name: 'Flows of this exporter' }).click();
  await expect(page).toHaveURL(/f=exporter\+127/);
});

test('an exporter gets a name, which others find it by', async ({ signedIn: page }) => {
  await openSources(page, '?sort=exporter');
  await grid(page).getByRole('row').nth(1).click();
  const form = page.getByRole('region', { name: 'Set by hand' });
  await form.getByLabel('Name').fill('core 1');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText(/letters, digits/)).toBeVisible();
  await expectAccessible(page);
  await form.getByLabel('Name').fill('core-1');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText(/Saved as revision/)).toBeVisible();
  await expect(grid(page).getByText('core-1')).toBeVisible();
  await page.goto(at('/sources?q=core-1'));
  await expect(grid(page).getByRole('row')).toHaveCount(2);
  await grid(page).getByRole('row').nth(1).click();
  await form.getByLabel('Name').fill('');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText(/Saved as revision/)).toBeVisible();
});

test('a narrow window has everything too', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 420, height: 900 });
  await openSources(page);
  await expectAccessible(page);
  await shot(page, 'sources-narrow');
  await grid(page).getByRole('row').nth(1).click();
  await expect(page.getByRole('complementary')).toBeVisible();
  await expectAccessible(page);
  await shot(page, 'source-narrow');
});
