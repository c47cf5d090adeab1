import '@testing-library/jest-dom/vitest';
import { cleanup } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { server } from './server';

const unhandled: string[] = [];

// 'error' fails the request, and the page would take that for an absent server: the test has to fail too.
server.events.on('request:unhandled', ({ request }) => unhandled.push(`${request.method} ${request.url}`));

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
beforeEach(() => {
  sessionStorage.clear();
  location.hash = '';
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  expect(unhandled.splice(0), 'asked for what no test gives an answer to').toEqual([]);
});
afterAll(() => server.close());
