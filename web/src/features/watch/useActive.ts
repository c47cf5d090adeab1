import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import type { Video } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { isOver } from '../../shared/api/state';
import { usePlatform } from '../../shared/platform';
import { ACTIVE, newestFirst, videoKey } from '../../shared/useVideo';

/** So many cards are shown; the gallery has the rest. */
export const MOST = 50;
/** The newest of them are streamed; the others are asked about together. */
export const STREAMED = 2;
const AGAIN_MS = 5000;

/**
 * The ids of the videos to watch, newest first: of those that wait or are drawn, whoever asked for them, and of those
 * that ended while they were watched here. One question for all of them, every 5 s.
 */
export function useActive() {
  const api = usePlatform();
  const client = useQueryClient();
  return useQuery<string[], Problem>({
    queryKey: ACTIVE,
    queryFn: async ({ signal }) => {
      const pages = [
        await api.page({ limit: MOST, status: 'in_progress' }, signal),
        await api.page({ limit: MOST, status: 'queued' }, signal),
      ];
      return heard(client, pages.flatMap((page) => page.data));
    },
    refetchInterval: AGAIN_MS,
  });
}

function heard(client: QueryClient, active: Video[]): string[] {
  const before = client.getQueryData<string[]>(ACTIVE) ?? [];
  const streamed = new Set(before.slice(0, STREAMED));
  const there = new Set(active.map((video) => video.id));
  for (const video of active) {
    // What is streamed is newer there.
    if (!streamed.has(video.id)) client.setQueryData(videoKey(video.id), video);
  }
  for (const id of before) {
    const known = client.getQueryData<Video>(videoKey(id));
    if (!there.has(id) && known && !isOver(known)) void client.invalidateQueries({ queryKey: videoKey(id) });
  }
  return newestFirst([...before, ...there]).slice(0, MOST);
}
