import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import type { Video } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { Actions } from '../../shared/ui/Actions';
import { Notice } from '../../shared/ui/Notice';
import { Player } from '../../shared/ui/Player';
import { Timeline } from '../../shared/ui/Timeline';
import { Copy, Copying } from './Copying';
import { factsOf } from './facts';
import { useRemovals } from './removals';
import { Scrubber } from './Scrubber';

/** A video that is over, with all that is known of it and all that can be done with it. */
export function Details({ video }: { video: Video }) {
  const seen = useRef<HTMLDivElement>(null);

  function show(seconds: number) {
    const player = seen.current?.querySelector('video');
    if (!player) return;
    player.pause();
    player.currentTime = seconds;
  }

  return (
    <article className="details">
      <div className="seen" ref={seen}>
        {video.state === 'completed' ? (
          <>
            <Player video={video} />
            <Scrubber video={video} onScrub={show} />
          </>
        ) : (
          <p className="notice">
            <strong>{text.state[video.state]}</strong> {video.error?.message}
          </p>
        )}
        <Timeline video={video} />
        <div className="actions">
          <Keeping video={video} />
          <Actions video={video} />
        </div>
        <Copying video={video} />
      </div>
      <div>
        <h1 className="said">{video.prompt}</h1>
        <dl className="facts">
          {factsOf(video).map(({ name, value, to }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{to === undefined ? value : <a href={to}>{value}</a>}</dd>
            </div>
          ))}
        </dl>
      </div>
    </article>
  );
}

function Keeping({ video }: { video: Video }) {
  const { removals } = useRemovals();
  const api = usePlatform();
  const download = useMutation<undefined, Problem>({
    mutationFn: async () => {
      save(await api.file(video.id, 'video'), `${video.id}.mp4`);
      return undefined;
    },
  });

  function remove() {
    removals.remove(video.id);
    location.assign(paths.videos);
  }

  return (
    <div className="actions">
      {video.state === 'completed' && (
        <button type="button" className="main" disabled={download.isPending} onClick={() => download.mutate()}>
          {text.keep.download}
        </button>
      )}
      <Copy words={`${location.origin}/${paths.video(video.id)}`} label={text.keep.link} />
      <button type="button" onClick={remove}>
        {text.keep.delete}
      </button>
      {download.error && <Notice problem={download.error} />}
    </div>
  );
}

/** Hand bytes to the browser as a file to keep. */
function save(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
