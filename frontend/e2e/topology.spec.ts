import { demo } from './deployment';
import { at, expect, expectAccessible, expectAccessibleInBoth, test } from './page';

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
  await expectAccessibleInBoth(page, 'topology');
});

test('a unit opens with its checks', async ({ signedIn: page }) => {
  await page.goto(at('/topology'));
  await page.getByRole('region', { name: 'Units' }).getByRole('button', { name: 'london-proxy' }).click();
  const panel = page.getByRole('complementary', { name: 'Unit london-proxy' });
  await expect(panel.getByRole('listitem').first()).toBeVisible();
  await expect(page).toHaveURL(/unit=/);
  await expectAccessibleInBoth(page, 'unit');
});

test('a source group says what its Slaves may keep, and refuses what they cannot', async ({ signedIn: page }) => {
  await page.goto(at('/topology'));
  await page.getByRole('region', { name: 'Units' }).getByRole('button', { name: 'Source group hq' }).click();
  const retention = page.getByRole('region', { name: 'Retention', exact: true });
  await expect(retention.getByRole('cell', { name: 'hq-slave' })).toBeVisible();
  await retention.getByLabel('Quota of each Slave').fill('900 PB');
  await retention.getByRole('button', { name: 'Save' }).click();
  await expect(retention.getByLabel('Quota of each Slave')).toHaveAttribute('aria-invalid', 'true');
  await expectAccessibleInBoth(page, 'source-group');
  await retention.getByLabel('Quota of each Slave').fill('200 MB');
  await retention.getByRole('button', { name: 'Save' }).click();
  await expect(retention.getByText(/Saved as revision/)).toBeVisible();
  await expect(retention.getByRole('cell', { name: '200 MB' })).toBeVisible();
  await retention.getByLabel('Quota of each Slave').fill('');
  await retention.getByRole('button', { name: 'Save' }).click();
  await expect(retention.getByRole('cell', { name: '200 MB' })).toHaveCount(0);
});

test('copies go to another collector, and their counts come back', async ({ signedIn: page }) => {
  await page.goto(at('/topology'));
  await page.getByRole('region', { name: 'Units' }).getByRole('button', { name: 'Source group london' }).click();
  const forwarding = page.getByRole('region', { name: 'Forwarding', exact: true });
  await forwarding.getByRole('button', { name: 'Add a target' }).click();
  await forwarding.getByLabel('Name').fill('siem');
  await forwarding.getByLabel('Address and UDP port').fill('127.0.0.1:9');
  await forwarding.getByLabel('Sender address').click();
  await page.getByRole('option', { name: 'that of the Proxy' }).click();
  await expectAccessible(page);
  await forwarding.getByRole('button', { name: 'Save' }).click();
  await expect(forwarding.getByRole('region', { name: 'Copies to siem' })).toBeVisible({ timeout: 30_000 });
  await forwarding.getByRole('button', { name: 'Remove siem' }).click();
  await forwarding.getByRole('button', { name: 'Remove siem' }).click();
  await expect(forwarding.getByText('To nobody.')).toBeVisible();
});
