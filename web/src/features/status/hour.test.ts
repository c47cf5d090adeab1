import { expect, test } from 'vitest';
import { video } from '../../testing/server';
import { hourOf, successOf } from './hour';

const NOW = 1_795_600_000;

test('an hour counts what was asked for within it, by what became of it', () => {
  const states = ['completed', 'completed', 'completed', 'failed', 'cancelled', 'queued', 'running'] as const;
  const videos = states.map((state) => video({ state, created_at: NOW - 10 }));

  const hour = hourOf([...videos, video({ state: 'failed', created_at: NOW - 3601 })], NOW);

  expect(hour).toEqual({ completed: 3, failed: 1, cancelled: 1, open: 2 });
  expect(successOf(hour)).toBe(75);
});

test('where nothing ended nothing is said of success', () => {
  expect(successOf(hourOf([video({ created_at: NOW })], NOW))).toBeNull();
});
