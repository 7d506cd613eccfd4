import { at, expect, shot, test } from './page';

test('the explorer of the API runs what it shows at first, and knows the schema', async ({ signedIn: page }) => {
  await page.goto(at('/graphiql'));
  const result = page.getByRole('region', { name: 'Result' });
  await expect(async () => {
    await page.getByRole('button', { name: 'Execute query' }).click(); // has no effect before the editor is there
    await expect(result).toContainText('"role": "standalone"', { timeout: 3000 });
  }).toPass();
  await page.getByRole('button', { name: /Documentation Explorer/ }).click();
  await expect(page.getByRole('link', { name: 'Subscription', exact: true })).toBeVisible();
  await shot(page, 'graphiql');
});
