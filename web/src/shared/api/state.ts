import type { Video, VideoState } from './api';

export const STATES = ['queued', 'running', 'cancelling', 'completed', 'failed', 'cancelled', 'expired'] as const satisfies
  readonly VideoState[];

const OVER: ReadonlySet<VideoState> = new Set(['completed', 'failed', 'cancelled', 'expired']);

export const isOver = (video: Pick<Video, 'state'>) => OVER.has(video.state);
/** Whether it ended without a video, so that it can be asked for again. */
export const isLost = (video: Pick<Video, 'state'>) => isOver(video) && video.state !== 'completed';
