import { useQuery } from '@tanstack/react-query';
import type { Queue } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { count, span } from '../../shared/numbers';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Numbers } from './Numbers';

const AGAIN_MS = 5000;

/** How much work there is, of all tenants together, and who does it. */
export function QueuePanel() {
  const api = usePlatform();
  const { data, error, refetch } = useQuery<Queue, Problem>({
    queryKey: ['queue'],
    queryFn: api.queue,
    refetchInterval: AGAIN_MS,
  });
  return (
    <section className="card" aria-labelledby="queue-title" aria-busy={!data}>
      <h2 id="queue-title">{text.status.queue}</h2>
      {error && <Notice problem={error} again={() => void refetch()} />}
      {data && (
        <>
          <p className="headline">{workersOf(data)}</p>
          <Numbers of={numbersOf(data)} />
        </>
      )}
    </section>
  );
}

/** Nobody tells how many instances there are: that some are asleep, or on their way, follows from who draws. */
export function workersOf({ paused, waiting, workers }: Queue): string {
  if (paused) return text.status.held;
  if (workers.drawing > 0) return text.status.drawing(count(workers.drawing), count(workers.limit));
  return waiting > 0 ? text.status.waking : text.status.asleep(count(workers.limit));
}

function numbersOf(queue: Queue) {
  const { waiting_by_priority: lanes, waits } = queue;
  const seconds = (value: number | null) => (value === null ? '–' : span(value));
  return [
    [text.status.waiting, count(queue.waiting)],
    [text.status.high, count(lanes.high)],
    [text.status.normal, count(lanes.normal)],
    [text.status.low, count(lanes.low)],
    [text.status.oldest, span(queue.oldest_wait_seconds)],
    [text.status.median, seconds(waits.p50_seconds)],
    [text.status.slowest, seconds(waits.p95_seconds)],
  ] as const;
}
