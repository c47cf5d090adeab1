import type { Video } from '../../shared/api/api';
import { count, decimal, size, span, when } from '../../shared/numbers';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';

export interface Fact {
  name: string;
  value: string;
  /** Where it leads, if anywhere. */
  to?: string;
}

/** All that is known of a video beside its words, in the order of interest. What is not known is left out. */
export function factsOf(video: Video): Fact[] {
  const { fact } = text;
  const { output } = video;
  const known: (Fact | null)[] = [
    { name: fact.seed, value: String(video.seed) },
    { name: fact.model, value: video.model },
    { name: fact.size, value: `${video.width} × ${video.height}` },
    { name: fact.length, value: text.keep.frames(span(Number(video.seconds)), count(video.num_frames)) },
    { name: fact.steps, value: count(video.num_inference_steps) },
    when_(fact.preset, video.preset),
    { name: fact.guidance, value: decimal(video.guidance_scale) },
    when_(fact.negative, video.negative_prompt),
    { name: fact.asked, value: when(video.created_at) },
    when_(fact.finished, video.finished_at, when),
    when_(fact.expires, video.expires_at, when),
    video.attempt > 0
      ? { name: fact.attempts, value: text.keep.attempt(count(video.attempt), count(video.max_attempts)) }
      : null,
    when_(fact.resumed, video.resumed_from_step, count),
    when_(fact.gpu, video.gpu),
    output && { name: fact.file, value: `${size(output.bytes)}, ${output.codec}` },
    when_(fact.checks, video.quality && video.quality.checks.join(', ')),
    link(fact.remixed, video.remixed_from_video_id),
    link(fact.retried, video.retried_from_video_id),
    { name: fact.id, value: video.id },
    ...Object.entries(video.metadata).map(([name, value]) => ({ name, value })),
  ];
  return known.filter((each) => each !== null);
}

function when_<T extends string | number>(name: string, value: T | null, told: (value: T) => string = String): Fact | null {
  return value === null || value === '' ? null : { name, value: told(value) };
}

const link = (name: string, id: string | null): Fact | null => (id === null ? null : { name, value: id, to: paths.video(id) });
