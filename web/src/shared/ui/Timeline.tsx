import type { Video } from '../api/api';
import { isOver } from '../api/state';
import { span } from '../numbers';
import { text } from '../text';
import { stagesOf } from './stages';

/** Where the seconds went, stage by stage; the present one is marked. */
export function Timeline({ video }: { video: Video }) {
  return (
    <ol className="timeline" aria-label={text.live.timeline}>
      {stagesOf(video).map(({ name, seconds, now }) => (
        <li key={name} aria-current={now && !isOver(video) ? 'step' : undefined} data-done={seconds !== null}>
          <span>{text.stage[name]}</span>
          <span>{seconds === null ? '–' : span(seconds)}</span>
        </li>
      ))}
    </ol>
  );
}
