import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { at, expect, expectAccessible, expectAccessibleDialog, expectAccessibleInBoth, shot, test } from './page';

const topGroups = (page: Page) => page.getByRole('region', { name: 'Top groups' });

/** Waits for flows: a demo that has just started has none yet. */
async function openWithFlows(page: Page, search: string) {
  await page.goto(at(`/explore?from=now-15m&to=now&${search}`));
  await expect(async () => {
    await page.getByRole('button', { name: 'Run' }).click();
    await expect(topGroups(page).getByRole('row')).not.toHaveCount(0, { timeout: 3000 });
  }).toPass({ timeout: 60_000 });
}

test('a filter is typed, rows appear, nothing is missing', async ({ signedIn: page }) => {
  await openWithFlows(page, 'by=dstPort');
  await page.getByRole('heading', { name: 'Explore' }).click();
  await page.keyboard.press('/');
  await expect(page.locator('.cm-editor')).toBeVisible();
  await page.keyboard.type('proto tcp and dst port 443');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/f=proto\+tcp\+and\+dst\+port\+443/);
  await expect(topGroups(page).getByRole('button', { name: '443 https' })).toBeVisible();
  const rows = topGroups(page).locator('tbody').getByRole('row');
  await expect(rows).toHaveCount(1);
  const footer = page.getByLabel('About the answer');
  await expect(footer).toContainText('3 of 3 units answered');
  await expect(page.getByText(/Totals are partial/)).toHaveCount(0);
  await expectAccessibleInBoth(page, 'explore');
});

test('records are listed', async ({ signedIn: page }) => {
  await openWithFlows(page, 'by=srcAddr');
  await page.getByRole('tab', { name: 'Flows' }).click();
  const list = page.getByRole('table', { name: 'Flow records' });
  await expect(list.getByRole('row').nth(3)).toBeVisible();
  expect(await list.getByRole('row').count()).toBeLessThan(60);
  const all = page.getByText(/^[\d,]+ records(: that is all| so far)$/);
  await expect(all).toBeVisible();
  await expectAccessibleInBoth(page, 'flows');
});

test('a value is excluded by clicking it, and the URL restores the view', async ({ signedIn: page }) => {
  await openWithFlows(page, 'by=proto');
  await topGroups(page).getByRole('button', { name: 'TCP' }).click();
  await page.getByRole('menuitem', { name: 'Exclude from the filter' }).click();
  await expect(page).toHaveURL(/f=not\+proto\+tcp/);
  await expect(topGroups(page).getByRole('button', { name: 'UDP' })).toBeVisible();
  await expect(topGroups(page).getByRole('button', { name: 'TCP' })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Filter' })).toHaveText('not proto tcp');
  await expect(topGroups(page).getByRole('button', { name: 'UDP' })).toBeVisible();
});

test('records come as a file, groups by either end', async ({ signedIn: page }) => {
  await openWithFlows(page, 'by=addr&f=proto+udp');
  await expect(topGroups(page).getByRole('columnheader', { name: 'Address, either end' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Share' }).click();
  const file = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /Download records as NDJSON/ }).click();
  const lines = readFileSync(await (await file).path(), 'utf8').trim().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toHaveProperty('_end.status', 'complete');
  expect(lines.length).toBeGreaterThan(10);
});

test('a mistake in the filter is marked where it is', async ({ signedIn: page }) => {
  await page.goto(at('/explore'));
  await page.getByRole('textbox', { name: 'Filter' }).click();
  await page.keyboard.type('prto tcp ');
  await expect(page.getByText(/At character 1:/)).toBeVisible();
  await expect(page.locator('.cm-lintRange-error')).toBeVisible();
  await shot(page, 'explore-mistake');
});

test('a stretch of the chart is dragged to zoom', async ({ signedIn: page }) => {
  await openWithFlows(page, 'by=proto');
  const plot = page.locator('.u-over');
  const box = await plot.boundingBox();
  if (!box) throw new Error('the chart has no size');
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=20\d\d-/);
});

test('everything is reached by keyboard', async ({ signedIn: page }) => {
  await page.goto(at('/topology'));
  await expect(page.getByRole('region', { name: 'Units' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('x');
  await expect(page.getByRole('heading', { name: 'Explore' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('textbox', { name: 'Go to or do' }).fill('services');
  await expectAccessibleDialog(page);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/by=dstPort/);
  await page.getByRole('heading', { name: 'Explore' }).click();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: /Shortcuts/ })).toBeVisible();
  await expectAccessibleDialog(page);
});

test('a narrow window has everything too', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 420, height: 900 });
  await openWithFlows(page, 'by=srcAddr');
  await expectAccessible(page);
  await shot(page, 'explore-narrow');
  await page.goto(at('/topology'));
  await expect(page.getByRole('region', { name: 'Units' })).toBeVisible();
  await shot(page, 'topology-narrow');
});
