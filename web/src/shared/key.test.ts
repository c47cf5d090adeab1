import { expect, test } from 'vitest';
import { KEY } from '../testing/server';
import { isKey, takeKey } from './key';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2ln_-bmF0dXJl';

test.each([KEY, TOKEN])('what opens the page is taken out of the link (%#)', (key) => {
  location.hash = `#key=${key}`;

  expect(isKey(key)).toBe(true);
  expect(takeKey()).toBe(key);
  expect(location.href).not.toContain(key);
  expect(sessionStorage.getItem('flipbook.key')).toBe(key);
});

test.each(['fb_short', 'two.parts', 'a.b.c.d', 'ä.b.c', '..', ''])('%j has not the form of a key', (words) => {
  expect(isKey(words)).toBe(false);
});

test('what cannot be a key goes out of the address all the same, and changes nothing', () => {
  sessionStorage.setItem('flipbook.key', KEY);
  location.hash = '#key=fb ä%20';

  expect(takeKey()).toBe(KEY);
  expect(location.hash).toBe('');
});

test('another address is left as it is', () => {
  location.hash = '#/videos';

  expect(takeKey()).toBeNull();
  expect(location.hash).toBe('#/videos');
});
