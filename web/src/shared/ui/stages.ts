import type { Video } from '../api/api';

export const STAGES = ['queued_s', 'cold_start_s', 'load_s', 'denoise_s', 'decode_s', 'upload_s'] as const;
export type StageName = (typeof STAGES)[number];

export interface Stage {
  name: StageName;
  /** null: not yet, or nobody measured it. */
  seconds: number | null;
  now: boolean;
}

const STAGE_OF_PHASE: Readonly<Record<string, StageName>> = {
  waiting: 'queued_s',
  cold_starting: 'cold_start_s',
  loading_model: 'load_s',
  encoding_prompt: 'denoise_s',
  denoising: 'denoise_s',
  decoding: 'decode_s',
  uploading: 'upload_s',
};

/** A video's stages. Waking lies inside queued, and loading inside waking: each is told without the next. */
export function stagesOf(video: Pick<Video, 'timings' | 'phase'>): Stage[] {
  const { timings } = video;
  const own: Record<StageName, number | null> = {
    queued_s: without(timings.queued_s, timings.cold_start_s),
    cold_start_s: without(timings.cold_start_s, timings.load_s),
    load_s: timings.load_s,
    denoise_s: sum(timings.prompt_s, timings.denoise_s),
    decode_s: sum(timings.decode_s, timings.encode_s),
    upload_s: timings.upload_s,
  };
  const now = video.phase === null ? null : STAGE_OF_PHASE[video.phase];
  return STAGES.map((name) => ({ name, seconds: own[name], now: name === now }));
}

const without = (whole: number | null, part: number | null) => (whole === null ? null : Math.max(0, whole - (part ?? 0)));
const sum = (one: number | null, other: number | null) => (one === null && other === null ? null : (one ?? 0) + (other ?? 0));
