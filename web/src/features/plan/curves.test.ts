import { expect, test } from 'vitest';
import { equalMemory, lengthsBetween, levels, type Point } from './curves';

const point = (seconds: number, pixels: number, minutes: number, gigabytes: number): Point => ({
  seconds,
  pixels,
  minutes,
  cautious: 2 * minutes,
  gigabytes,
});
const points = [point(1, 100, 1, 10), point(1, 200, 3, 20), point(2, 100, 2, 20), point(2, 200, 6, 40)];

test('a line of equal memory lies between the sizes that need less and more', () => {
  expect(equalMemory(points, [1, 2], 15)).toEqual([2, null]);
  expect(equalMemory(points, [1, 2], 20)).toEqual([3, 2]);
  expect(equalMemory(points, [1, 2], 30)).toEqual([null, 4]);
});

test('levels lie within what is needed, and there are none where all need the same', () => {
  expect(levels(points, 2)).toEqual([20, 30]);
  expect(levels([point(1, 1, 1, 0.1), point(2, 1, 1, 0.14)], 3)).toEqual([]);
  expect(levels([], 3)).toEqual([]);
});

test('lengths go from the shortest to the longest', () => {
  expect(lengthsBetween(0.3, 5.3, 3)).toEqual([0.3, 2.8, 5.3]);
});
