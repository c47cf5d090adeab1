import { QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../shared/api/problem';
import { openQueries } from './queries';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One question that is answered every second, and one that is not as long as `away` says so. */
function ask() {
  const platform = { away: true, asked: 0 };
  const client = openQueries(vi.fn());
  const answered = new QueryObserver(client, { queryKey: ['queue'], queryFn: () => 1, refetchInterval: 1000 });
  const owed = new QueryObserver(client, {
    queryKey: ['models'],
    queryFn: () => {
      platform.asked++;
      return platform.away ? Promise.reject(new Problem(503, 'unavailable', 'away')) : 'here';
    },
  });
  answered.subscribe(vi.fn());
  owed.subscribe(vi.fn());
  return { platform, owed };
}

test('what one route owes for long is asked for with rests between', async () => {
  const { platform } = ask();

  await vi.advanceTimersByTimeAsync(120_000);

  // Thrice each time; without rests some 180.
  expect(platform.asked).toBeGreaterThan(25);
  expect(platform.asked).toBeLessThan(45);
});

test('and comes soon after it can', async () => {
  const { platform, owed } = ask();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(platform.asked).toBeGreaterThan(1);
  expect(owed.getCurrentResult().data).toBeUndefined();

  platform.away = false;
  await vi.advanceTimersByTimeAsync(12_000);

  expect(owed.getCurrentResult().data).toBe('here');
});
