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
  const query = useQuery<Video, Problem>({ queryKey: videoKey(id), queryFn: () => api.video(id) });
  const over = query.data !== undefined && isOver(query.data);
  const gone = query.error !== null && !query.error.passes;
  const following = live && seen && !over && !gone;

  useEffect(() => {
    if (!following) return;
    const end = new AbortController();
    follow(api, id, (video) => keep(client, video), end.signal).catch(() => {
      // It asks the plain way, and says what is wrong.
      void client.invalidateQueries({ queryKey: videoKey(id) });
    });
    return () => end.abort();
  }, [api, client, id, following]);

  return query;
}

/** Remember a video that was told of; one that is over changes the lists. */
export function keep(client: QueryClient, video: Video): void {
  const before = client.getQueryData<Video>(videoKey(video.id));
  client.setQueryData(videoKey(video.id), video);
  if (before?.state !== video.state) {
    void client.invalidateQueries({ queryKey: ['active'] });
    if (isOver(video)) void client.invalidateQueries({ queryKey: ['videos'] });
  }
}

function useVisible(): boolean {
  return useSyncExternalStore(onVisibility, () => document.visibilityState === 'visible');
}

function onVisibility(told: () => void) {
  document.addEventListener('visibilitychange', told);
  return () => document.removeEventListener('visibilitychange', told);
}
