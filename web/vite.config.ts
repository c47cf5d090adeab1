import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` speaks to a platform that runs already; `make run` starts one there.
const platform = process.env['FLIPBOOK_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1', proxy: { '/v1': platform, '/docs': platform } },
  build: {
    target: 'es2022',
    // No file inside another as data: URL, which the page's policy would refuse.
    assetsInlineLimit: 0,
    // One sheet: a screen whose own could not be fetched would be shown without, when it is asked for again.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
  },
});
