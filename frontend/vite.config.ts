import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** The API that `npm run dev` talks to: that of `weir demo`. */
const api = process.env.WEIR_API ?? 'http://127.0.0.11:8080';

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/graphql': { target: api, ws: true },
      '/api': api,
    },
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true, // for the sizes of the routes; not shipped
    reportCompressedSize: false, // scripts/sizes.mjs tells them by route
    rolldownOptions: { input: ['index.html', 'graphiql.html'] },
  },
  test: {
    css: false,
    projects: [
      { extends: true, test: { name: 'logic', environment: 'node', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'pages',
          environment: 'jsdom',
          include: ['src/**/*.test.tsx'],
          setupFiles: ['src/test/setup.ts'],
          testTimeout: 60_000, // a busy machine is no reason to fail
        },
      },
    ],
  },
});
