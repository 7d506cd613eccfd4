import { demo } from './deployment';
import { at, expect, expectAccessible, shot, test } from './page';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test('every unit of the demo is active, live, and carries flows', async ({ signedIn: page }) => {
      await page.goto(at('/topology'));
      const table = page.getByRole('region', { name: 'Units' });
      for (const { name } of demo().units) {
        const row = table.getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) });
        await expect(row.getByText('active')).toBeVisible();
      }
      const summary = page.getByLabel('Summary');
      await expect(summary.getByText('live')).toBeVisible();
      await expect(summary.getByText(/[1-9].* rec\/s/).first()).toBeVisible({ timeout: 30_000 });
      await expect(page.getByLabel('Map').getByText('london-proxy')).toBeVisible();
      await expectAccessible(page);
      await shot(page, `topology-${colorScheme}`);
    });

    test('a unit opens with its checks', async ({ signedIn: page }) => {
      await page.goto(at('/topology'));
      await page.getByRole('region', { name: 'Units' }).getByRole('button', { name: 'london-proxy' }).click();
      const panel = page.getByRole('complementary', { name: 'Unit london-proxy' });
      await expect(panel.getByRole('listitem').first()).toBeVisible();
      await expect(page).toHaveURL(/unit=/);
      await expectAccessible(page);
      await shot(page, `unit-${colorScheme}`);
    });
  });
}
