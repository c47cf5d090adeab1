import { expect, test } from 'vitest';
import { characters, span, tokens } from './numbers';

test('characters are counted as the API counts them', () => {
  expect(characters('ä')).toBe(1);
  expect(characters('a\u0308')).toBe(1);
  expect(characters('🎈')).toBe(1);
});

test('a text has more tokens than words, and a long word has several', () => {
  expect(tokens('')).toBe(0);
  expect(tokens('a boat')).toBe(3);
  expect(tokens('x'.repeat(400))).toBe(100);
});

test('a span is told in the unit that reads well', () => {
  expect([0.42, 12.4, 89, 90, 5400].map(span)).toEqual(['0.4s', '12s', '89s', '1.5m', '1.5h']);
});
