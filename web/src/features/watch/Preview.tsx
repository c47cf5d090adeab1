import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Video } from '../../shared/api/api';
import { isOver } from '../../shared/api/state';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { useShown } from '../../shared/useShown';

const AGAIN_MS = 4000;

/** A guess of what it will look like; the place for it is there from the start, so that nothing jumps. */
export function Preview({ video }: { video: Video }) {
  const api = usePlatform();
  const drawing = video.state === 'running' && !isOver(video);
  const query = useQuery({
    queryKey: ['preview', video.id],
    queryFn: ({ signal }) => api.preview(video.id, signal),
    enabled: drawing,
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
  const shown = useShown(query.data);
  const place = { width: video.width, height: video.height };
  return query.data && drawing ? (
    <img className="frame" ref={shown} alt={text.live.preview} {...place} />
  ) : (
    <svg className="frame blank" viewBox={`0 0 ${place.width} ${place.height}`} {...place} aria-hidden="true" />
  );
}
