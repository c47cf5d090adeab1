import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import type { Video } from './api/api';
import { follow } from './api/follow';
import type { Problem } from './api/problem';
import { isOver } from './api/state';
import { usePlatform } from './platform';

export const videoKey = (id: string) => ['video', id] as const;

/**
 * A video as it stands, and with `live` as it changes. Browsers open six connections to a host, all tabs together, so
 * a page keeps few streams, and a tab that nobody sees keeps none.
 */
export function useVideo(id: string, live: boolean) {
  const api = usePlatform();
  const client = useQueryClient();
  const seen = useVisible();
  const query = useQuery<Video, Problem>({
    queryKey: videoKey(id),
    queryFn: () => api.video(id),
    // Lists and streams tell what is new; asked for itself it is only once, or when they say so.
    staleTime: Infinity,
  });
  const over = query.data !== undefined && isOver(query.data);
  const gone = query.error !== null && !query.error.passes;
  const following = live && seen && !over && !gone;

  useEffect(() => {
    if (!following) return;
    const end = new AbortController();
    // What is heard first, before anything was known, is no change.
    const hear = (video: Video) => keep(client, video, client.getQueryData<Video>(videoKey(id)) ?? video);
    follow(api, id, hear, end.signal).catch(() => {
      // It asks the plain way, and says what is wrong.
      void client.invalidateQueries({ queryKey: videoKey(id) });
    });
    return () => end.abort();
  }, [api, client, id, following]);

  return query;
}

/** The ids of the videos to watch. */
export const ACTIVE = ['active'] as const;

/** Remember a video that was told of. One that began may be over before any list shows it: it is watched at once. */
export function keep(client: QueryClient, video: Video, before = client.getQueryData<Video>(videoKey(video.id))): void {
  client.setQueryData(videoKey(video.id), video);
  if (before?.state === video.state) return;
  if (!isOver(video)) client.setQueryData<string[]>(ACTIVE, (ids = []) => newestFirst([...ids, video.id]));
  // The gallery is read anew when it is next opened; one that is open stays as it is read.
  client.removeQueries({ queryKey: ['videos'], type: 'inactive' });
}

/** Each id once. They are ULIDs, which sort by their time. */
export const newestFirst = (ids: Iterable<string>) => [...new Set(ids)].sort((a, b) => (a < b ? 1 : -1));

function useVisible(): boolean {
  return useSyncExternalStore(onVisibility, () => document.visibilityState === 'visible');
}

function onVisibility(told: () => void) {
  document.addEventListener('visibilitychange', told);
  return () => document.removeEventListener('visibilitychange', told);
}
