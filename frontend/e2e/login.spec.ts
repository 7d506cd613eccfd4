import { demo } from './deployment';
import { at, expect, expectAccessible, shot, test } from './page';

test('a token opens the dashboard, and leaving closes it', async ({ clean: page }) => {
  await page.goto(at('/explore?f=proto+tcp'));
  await expect(page.getByRole('heading', { name: 'Sign in to weir' })).toBeVisible();
  await expectAccessible(page);
  await shot(page, 'login-light');

  await page.getByLabel('API token').fill('weir_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel('API token').fill(demo().token);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Explore' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Filter' })).toHaveText('proto tcp');

  await page.getByRole('button', { name: 'Session' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to weir' })).toBeVisible();
  await page.goto(at('/topology'));
  await expect(page.getByRole('heading', { name: 'Sign in to weir' })).toBeVisible();
});
