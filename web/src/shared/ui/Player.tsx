import type { Video } from '../api/api';
import { text } from '../text';
import { useShown } from '../useShown';
import { Notice } from './Notice';
import { useFile } from './useFile';

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
