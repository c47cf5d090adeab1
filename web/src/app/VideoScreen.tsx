import { Callbacks } from '../features/keep/Callbacks';
import { Details } from '../features/keep/Details';
import { Card } from '../features/watch/Card';
import { isOver } from '../shared/api/state';
import { text } from '../shared/text';
import { Notice } from '../shared/ui/Notice';
import { useVideo } from '../shared/useVideo';

/** One video: watched as long as it is made, kept when it is over. */
export function VideoScreen({ id }: { id: string }) {
  const { data: video, error, refetch } = useVideo(id, true);
  if (error && !video) {
    return error.status === 404 ? <h1>{text.keep.unfound}</h1> : <Notice problem={error} again={() => void refetch()} />;
  }
  if (!video) return null;
  const over = isOver(video);
  return (
    <>
      {/* The card tells of its changes itself, but not of the last: it goes with it. */}
      <p role="status" className="unseen">
        {over && text.state[video.state]}
      </p>
      {over ? (
        <Details video={video} />
      ) : (
        <>
          <h1 className="unseen">{video.prompt}</h1>
          <Card id={id} live={false} />
        </>
      )}
      <Callbacks video={video} />
    </>
  );
}
