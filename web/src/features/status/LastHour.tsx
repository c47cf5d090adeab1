import { useQuery } from '@tanstack/react-query';
import type { Api, Video } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { count, share } from '../../shared/numbers';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { HOUR_S, hourOf, successOf } from './hour';
import { Numbers } from './Numbers';

const PAGE = 100;
const MOST_PAGES = 5;
const AGAIN_MS = 30_000;

interface Recent {
  videos: Video[];
  /** Whether the hour had more of them. */
  cut: boolean;
  at: number;
}

/** How the key's own videos of the last hour fared. */
export function LastHour() {
  const api = usePlatform();
  const { data, error, refetch } = useQuery<Recent, Problem>({
    queryKey: ['hour'],
    queryFn: ({ signal }) => recent(api, signal),
    refetchInterval: AGAIN_MS,
  });
  const hour = data && hourOf(data.videos, data.at);
  const success = hour ? successOf(hour) : null;
  return (
    <section className="card" aria-labelledby="hour-title" aria-busy={!data}>
      <h2 id="hour-title">{text.status.hour}</h2>
      {error && <Notice problem={error} again={() => void refetch()} />}
      {hour && (
        <>
          <p className="headline">{success === null ? text.status.nothing : text.status.success(share(success))}</p>
          <Numbers
            of={[
              [text.state.completed, count(hour.completed)],
              [text.state.failed, count(hour.failed)],
              [text.state.cancelled, count(hour.cancelled)],
              [text.status.open, count(hour.open)],
            ]}
          />
        </>
      )}
      {data?.cut && <p className="hint">{text.status.cut(count(PAGE * MOST_PAGES))}</p>}
    </section>
  );
}

async function recent(api: Api, signal: AbortSignal): Promise<Recent> {
  const at = Date.now() / 1000;
  const videos: Video[] = [];
  let after: string | null = null;
  for (let n = 0; n < MOST_PAGES; n++) {
    const page = await api.page({ limit: PAGE, ...(after && { after }) }, signal);
    videos.push(...page.data);
    after = page.last_id;
    const oldest = videos.at(-1);
    if (!page.has_more || after === null || (oldest && oldest.created_at < at - HOUR_S)) return { videos, cut: false, at };
  }
  return { videos, cut: true, at };
}
