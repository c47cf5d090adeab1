import { useQuery } from '@tanstack/react-query';
import type { Variant, Video } from '../api/api';
import type { Problem } from '../api/problem';
import { usePlatform } from '../platform';
import { text } from '../text';
import { useShown } from '../useShown';
import { Notice } from './Notice';

/** The video itself; until it is there, its picture in the same place. */
export function Player({ video }: { video: Video }) {
  const picture = useFile(video, 'thumbnail');
  const file = useFile(video, 'video');
  const still = useShown(picture.data);
  const moving = useShown(file.data, picture.data);
  const place = { className: 'frame', width: video.width, height: video.height };
  if (file.error) return <Notice problem={file.error} again={() => void file.refetch()} />;
  if (!file.data || picture.isPending) return <img ref={still} alt={text.player.loading} aria-busy="true" {...place} />;
  return (
    // What Mochi draws has no sound.
    <video ref={moving} aria-label={text.player.label(video.prompt)} controls loop muted playsInline {...place} />
  );
}

/** A file of a video, which never changes. */
export function useFile({ id }: Pick<Video, 'id'>, variant: Variant) {
  const api = usePlatform();
  return useQuery<Blob, Problem>({
    queryKey: ['file', id, variant],
    queryFn: ({ signal }) => api.file(id, variant, signal),
    staleTime: Infinity,
    gcTime: 60_000,
  });
}
