import { useQuery } from '@tanstack/react-query';
import type { Api, Model, Video } from '../../shared/api/api';
import type { Problem } from '../../shared/api/problem';
import { usePlatform } from '../../shared/platform';
import { longest, shortest, sizesOf, type Size } from '../../shared/shape';
import { lengthsBetween, type Point } from './curves';

const LENGTHS = 8;
const DRAWN = 100;

export interface Plan {
  sizes: Size[];
  lengths: number[];
  points: Point[];
  drawn: { seconds: number; minutes: number }[];
}

/** What the API's own estimator says of every length and size, and how long real videos took. */
export function usePlan(model: Model) {
  const api = usePlatform();
  return useQuery<Plan, Problem>({
    queryKey: ['plan', model.id],
    queryFn: ({ signal }) => planOf(api, model, signal),
    staleTime: 60_000,
  });
}

async function planOf(api: Api, model: Model, signal: AbortSignal): Promise<Plan> {
  const sizes = sizesOf(model).filter(({ name }) => name === 'wide' || name === 'square' || name === 'small');
  const lengths = lengthsBetween(shortest(model), longest(model), LENGTHS);
  const points: Point[] = [];
  for (const { value } of sizes) {
    // A row at a time: what is typed meanwhile has to come through too.
    points.push(...(await Promise.all(lengths.map((seconds) => pointOf(api, model, value, seconds, signal)))));
  }
  const page = await api.page({ limit: DRAWN, status: 'completed' }, signal);
  return { sizes, lengths, points, drawn: page.data.filter((video) => video.model === model.id).map(tookOf) };
}

async function pointOf(api: Api, model: Model, size: string, seconds: number, signal: AbortSignal): Promise<Point> {
  const quote = await api.estimate({ prompt: model.id, model: model.id, size, seconds }, signal);
  const [width = 0, height = 0] = size.split('x').map(Number);
  return {
    seconds,
    pixels: width * height,
    minutes: (quote.gpu_seconds?.p50 ?? 0) / 60,
    cautious: (quote.gpu_seconds?.p90 ?? 0) / 60,
    gigabytes: quote.vram_gb ?? 0,
  };
}

function tookOf({ seconds, timings }: Video) {
  const parts = [timings.prompt_s, timings.denoise_s, timings.decode_s, timings.encode_s, timings.upload_s];
  return { seconds: Number(seconds), minutes: parts.reduce<number>((sum, part) => sum + (part ?? 0), 0) / 60 };
}
