import { at, expect, expectAccessibleInBoth, test } from './page';

test('changes are listed with who made them and which units have followed', async ({ signedIn: page }) => {
  await page.goto(at('/queries'));
  await expect(page.getByRole('heading', { name: 'Queries', exact: true })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  const changes = page.getByRole('region', { name: 'Changes and their units' });
  await expect(changes.getByText('done').first()).toBeVisible();
  await page.getByLabel('Search changes').fill('source group london');
  await expect(changes.getByRole('row').filter({ hasText: 'london' }).first()).toBeVisible();
  await expect(page).toHaveURL(/q=source\+group\+london/);
  await expectAccessibleInBoth(page, 'actions');
});
