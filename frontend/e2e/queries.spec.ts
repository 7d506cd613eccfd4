import { at, expect, expectAccessibleInBoth, test } from './page';

test('what was asked is listed with its cost, and opens again', async ({ signedIn: page }) => {
  await page.goto(at('/explore?from=now-5m&to=now&by=dstPort&f=proto+udp'));
  await expect(page.getByLabel('About the answer')).toContainText('answered');
  await page.getByRole('heading', { name: 'Explore' }).click();
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  const recent = page.getByRole('region', { name: 'Recent queries' });
  const row = recent.getByRole('row').filter({ hasText: 'first 10 by Destination port' }).filter({ hasText: 'proto udp' }).first();
  await expect(row).toContainText('3 of 3 units');
  await expectAccessibleInBoth(page, 'queries');
  await row.getByRole('link').click();
  await expect(page).toHaveURL(/f=proto\+udp/);
});
