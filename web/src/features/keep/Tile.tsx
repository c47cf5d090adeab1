import { useQueryClient } from '@tanstack/react-query';
import { memo, useEffect, useState } from 'react';
import type { Video } from '../../shared/api/api';
import { shortly } from '../../shared/numbers';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { fileKey, useFile } from '../../shared/ui/useFile';
import { useShown } from '../../shared/useShown';

const REST_MS = 120;

/** One video of many: its picture, its words, its state. */
export const Tile = memo(function Tile({ video }: { video: Video }) {
  const wanted = useRest(video);
  return (
    <a className="tile" href={paths.video(video.id)}>
      {wanted && video.state === 'completed' ? <Thumbnail video={video} /> : <span className="thumbnail" />}
      <span className="words">{video.prompt}</span>
      <span className="hint">
        <span className="state" data-state={video.state}>
          {text.state[video.state]}
        </span>{' '}
        {shortly(video.created_at)}
      </span>
    </a>
  );
});

function Thumbnail({ video }: { video: Video }) {
  const { data } = useFile(video, 'thumbnail');
  const shown = useShown(data);
  // What it shows stands below it in words.
  return <img className="thumbnail" alt="" ref={shown} width={video.width} height={video.height} />;
}

/** Whether it is seen for a while already, or has its picture: what flies by needs none. */
function useRest(video: Video): boolean {
  const client = useQueryClient();
  const [rested, setRested] = useState(() => client.getQueryData(fileKey(video, 'thumbnail')) !== undefined);
  useEffect(() => {
    const timer = setTimeout(() => setRested(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  return rested;
}
