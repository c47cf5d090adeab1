import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../../shared/api/problem';
import { Removals } from './removals';

const GRACE_MS = 7000;

/** Removals that say what they tell the platform; it answers with `answers`, then always well. */
function open(...answers: (Error | null)[]) {
  const told: string[] = [];
  const settled: [string, boolean][] = [];
  const removals = new Removals(
    (id) => {
      told.push(id);
      const answer = answers.shift();
      return answer ? Promise.reject(answer) : Promise.resolve();
    },
    (id, gone) => {
      settled.push([id, gone]);
      return Promise.resolve();
    },
  );
  return { removals, told, settled };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a video that was removed', () => {
  test('is deleted when the grace is over', async () => {
    const { removals, told, settled } = open();

    removals.remove('video_1');
    await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
    expect(told).toEqual([]);
    expect(removals.pending()).toEqual(['video_1']);
    await vi.advanceTimersByTimeAsync(1);

    expect(settled).toEqual([['video_1', true]]);
    expect(removals.pending()).toEqual([]);
    expect(removals.failed()).toBeNull();
  });

  test('can be had back until the platform is told, and no longer', async () => {
    const { removals, told } = open();
    removals.remove('video_1');
    removals.remove('video_2');

    removals.undo('video_1');
    removals.flush();
    removals.undo('video_2');

    expect(removals.pending()).toEqual(['video_2']);
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect(told).toEqual(['video_2']);
  });

  test('is back with the reason where it could not be deleted', async () => {
    const away = new Problem(503, 'unavailable', 'the store is away');
    const { removals, settled } = open(away);

    removals.remove('video_1');
    await vi.advanceTimersByTimeAsync(GRACE_MS);

    expect(settled).toEqual([['video_1', false]]);
    expect(removals.pending()).toEqual([]);
    expect(removals.failed()).toEqual({ id: 'video_1', problem: away });
  });

  test('is tried again at once, and with another reason if it fails again', async () => {
    const away = new Problem(503, 'unavailable', 'the store is away');
    const { removals, told } = open(away, new TypeError('no'));
    removals.remove('video_1');
    await vi.advanceTimersByTimeAsync(GRACE_MS);

    removals.again();
    removals.again();
    expect(removals.failed()).toBeNull();
    expect(removals.pending()).toEqual(['video_1']);
    await vi.advanceTimersByTimeAsync(0);

    expect(told).toEqual(['video_1', 'video_1']);
    expect(removals.failed()?.problem.code).toBe('broken');
    removals.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(removals.failed()).toBeNull();
    expect(removals.pending()).toEqual([]);
  });

  test('is gone where somebody else has deleted it', async () => {
    const { removals, settled } = open(new Problem(404, 'not_found', 'there is no such video'));

    removals.remove('video_1');
    await vi.advanceTimersByTimeAsync(GRACE_MS);

    expect(settled).toEqual([['video_1', true]]);
    expect(removals.failed()).toBeNull();
  });

  test('can be put aside when it failed', async () => {
    const { removals } = open(new Problem(0, 'offline', 'away'));
    removals.remove('video_1');
    await vi.advanceTimersByTimeAsync(GRACE_MS);

    removals.putAside();

    expect(removals.failed()).toBeNull();
  });
});
