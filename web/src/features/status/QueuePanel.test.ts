import { expect, test } from 'vitest';
import type { Queue } from '../../shared/api/api';
import { workersOf } from './QueuePanel';

const queue = (part: Partial<Queue>): Queue => ({
  object: 'queue',
  paused: false,
  paused_at: null,
  waiting: 0,
  waiting_by_priority: { low: 0, normal: 0, high: 0 },
  running: 0,
  oldest_wait_seconds: 0,
  workers: { drawing: 0, limit: 8 },
  waits: { window_seconds: 3600, count: 0, p50_seconds: null, p95_seconds: null },
  ...part,
});

test.each([
  [{}, 'All GPUs sleep; up to 8 wake when there is work'],
  [{ waiting: 3 }, 'No GPU draws yet: one is waking'],
  [{ waiting: 3, workers: { drawing: 2, limit: 8 } }, '2 of at most 8 GPUs draw'],
  [{ waiting: 3, paused: true }, 'The queue is held: nothing is drawn'],
])('the state of the GPUs is told from zero to all of them (%#)', (part, words) => {
  expect(workersOf(queue(part))).toBe(words);
});
