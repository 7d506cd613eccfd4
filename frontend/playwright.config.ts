import { defineConfig, devices } from '@playwright/test';

/** What Chromium needs as root, and to ask nobody but the dashboard. */
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/deployment.ts',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2, // one computes while the other waits for the deployment
  timeout: 180_000, // axe looks at every cell, on a machine that also runs the deployment
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags },
  },
});
