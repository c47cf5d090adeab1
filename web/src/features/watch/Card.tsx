import type { Video } from '../../shared/api/api';
import { isOver } from '../../shared/api/state';
import { count, span } from '../../shared/numbers';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { Player } from '../../shared/ui/Player';
import { useVideo } from '../../shared/useVideo';
import { Actions } from '../../shared/ui/Actions';
import { Preview } from './Preview';
import { Timeline } from '../../shared/ui/Timeline';

/** One video while it is made, and what came of it. */
export function Card({ id, live }: { id: string; live: boolean }) {
  const { data: video, error, refetch } = useVideo(id, live);
  if (error && !video) {
    return <article className="card">{error.status === 404 ? <p>{text.live.lost}</p> : <Notice problem={error} again={() => void refetch()} />}</article>;
  }
  if (!video) return <article className="card waiting" aria-busy="true" />;
  return (
    <article className="card" aria-label={video.prompt} data-state={video.state}>
      <header>
        {/* Read out when it changes. How far it is, is not: nobody wants to hear of each step. */}
        <span role="status" className="state" data-state={video.state}>
          {text.state[video.state]}
        </span>
        <a href={paths.video(id)} className="prompt">
          {video.prompt}
        </a>
      </header>
      {video.state === 'completed' ? <Player video={video} /> : <Preview video={video} />}
      {isOver(video) ? video.error && <p className="wrong">{video.error.message}</p> : <Doing video={video} />}
      <Timeline video={video} />
      <Actions video={video} />
    </article>
  );
}

function Doing({ video }: { video: Video }) {
  return (
    <>
      <progress value={video.progress} max={100} aria-label={text.live.progress} />
      <p className="doing">
        <span>{detail(video)}</span>
        <span>{video.eta_seconds === null ? null : text.live.eta(span(video.eta_seconds))}</span>
      </p>
    </>
  );
}

function detail(video: Video): string {
  if (video.state === 'cancelling') return text.live.cancelled;
  if (video.phase === 'denoising') return text.live.step(count(video.step ?? 0), count(video.total_steps));
  if (video.queue_position !== null && video.phase !== 'cold_starting') return text.live.position(count(video.queue_position));
  return video.progress_detail ?? text.state[video.state];
}
