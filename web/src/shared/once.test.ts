import { expect, test } from 'vitest';
import { newName } from './once';

test('a name is 32 hex digits, and never the same', () => {
  const names = Array.from({ length: 100 }, newName);

  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(names).size).toBe(100);
});
