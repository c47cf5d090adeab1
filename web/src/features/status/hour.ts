import type { Video } from '../../shared/api/api';

export const HOUR_S = 3600;

export interface Hour {
  completed: number;
  /** Without a video, by no wish of anybody's. */
  failed: number;
  cancelled: number;
  open: number;
}

/** What became of the videos that were asked for within the last hour. */
export function hourOf(videos: readonly Video[], now: number): Hour {
  const hour: Hour = { completed: 0, failed: 0, cancelled: 0, open: 0 };
  for (const video of videos) {
    if (video.created_at < now - HOUR_S) continue;
    if (video.state === 'completed') hour.completed++;
    else if (video.state === 'failed' || video.state === 'expired') hour.failed++;
    else if (video.state === 'cancelled') hour.cancelled++;
    else hour.open++;
  }
  return hour;
}

/** Of those that were to be drawn to their end, how many were: 0 to 100; null where there were none. */
export function successOf({ completed, failed }: Hour): number | null {
  return completed + failed === 0 ? null : (100 * completed) / (completed + failed);
}
