import { http, HttpResponse, type HttpHandler } from 'msw';
import { setupServer } from 'msw/node';
import type { Model, Quote, Video } from '../shared/api/api';
import type { Delivery } from '../shared/api/hooks';

export const server = setupServer();
export const KEY = `fb_1a5789b5_${'k'.repeat(43)}`;

export const model: Model = {
  id: 'mochi-1-tiny',
  object: 'model',
  created: 1763856000,
  owned_by: 'flipbook',
  defaults: { width: 96, height: 64, num_frames: 13, num_inference_steps: 4, guidance_scale: 4.5 },
  limits: {
    prompt_characters: 2000,
    prompt_tokens: 256,
    side_multiple: 16,
    min_side: 64,
    max_width: 320,
    max_height: 320,
    frame_stride: 6,
    max_frames: 163,
    fps: 30,
    min_inference_steps: 2,
    max_inference_steps: 100,
    max_guidance_scale: 20,
  },
  presets: [
    { id: 'exact', picture: "the model's own numbers" },
    { id: 'turbo', picture: 'another picture' },
  ],
};

export const quote: Quote = {
  object: 'estimate',
  valid: true,
  errors: [],
  normalized: null,
  vram_gb: 0.1,
  gpu_seconds: { p50: 3, p90: 4.5 },
  long: 'no',
  eta_seconds: 33,
  queue_depth: 0,
  waking: true,
  cold_start_seconds: 30,
};

/** A video as the API tells it; `part` is what matters to a test. */
export function video(part: Partial<Video> = {}): Video {
  const id = part.id ?? 'video_01M8A3X6JVT95ZVAPRSYJX0000';
  const at = `/v1/videos/${id}`;
  return {
    id,
    object: 'video',
    model: model.id,
    status: 'queued',
    progress: 0,
    prompt: 'A paper boat on a lake',
    created_at: 1795600000,
    completed_at: null,
    expires_at: null,
    seconds: '0.43',
    size: '96x64',
    remixed_from_video_id: null,
    error: null,
    state: 'queued',
    total_steps: 4,
    attempt: 0,
    max_attempts: 3,
    num_frames: 13,
    fps: 30,
    width: 96,
    height: 64,
    seed: 7,
    negative_prompt: '',
    num_inference_steps: 4,
    guidance_scale: 4.5,
    preset: 'exact',
    seconds_requested: null,
    deadline_at: null,
    priority: 'normal',
    preview: true,
    metadata: {},
    webhook: null,
    webhook_endpoint: null,
    upload_url: null,
    retried_from_video_id: null,
    started_at: null,
    finished_at: null,
    cancelled_at: null,
    phase: 'waiting',
    step: null,
    progress_detail: '0 before it in the queue',
    resumed_from_step: null,
    gpu: null,
    queue_position: 0,
    eta_seconds: null,
    timings: {
      queued_s: null,
      cold_start_s: null,
      load_s: null,
      prompt_s: null,
      denoise_s: null,
      decode_s: null,
      encode_s: null,
      upload_s: null,
    },
    output: null,
    variants: [],
    quality: null,
    links: {
      self: at,
      content: `${at}/content`,
      thumbnail: `${at}/content?variant=thumbnail`,
      spritesheet: `${at}/content?variant=spritesheet`,
      preview: `${at}/preview`,
      events: `${at}/events`,
      cancel: `${at}/cancel`,
      retry: `${at}/retry`,
      remix: `${at}/remix`,
    },
    ...part,
  };
}

/** A callback as the API tells it; `part` is what matters to a test. */
export function delivery(part: Partial<Delivery> = {}): Delivery {
  return {
    id: 'wd_01M8A3X6JVT95ZVAPRSYJX0001_1',
    object: 'webhook_delivery',
    kind: 'callback',
    video_id: 'video_1',
    webhook_endpoint_id: null,
    event_id: 'evt_01M8A3X6JVT95ZVAPRSYJX0002_1',
    event_type: 'video.completed',
    url: 'https://hooks.example.com/flipbook',
    status: 'delivered',
    error: null,
    created_at: 1795600000,
    next_attempt_at: null,
    attempts: [{ at: 1795600000, outcome: 'delivered', status_code: 200, duration_ms: 200 }],
    ...part,
  };
}

/** A problem as the API tells it. */
export function refusal(status: number, code: string, errors: { pointer: string; detail: string }[] = []) {
  const detail = errors.map((error) => `${error.pointer}: ${error.detail}`).join('; ') || `because of ${code}`;
  const said = { message: detail, type: 'invalid_request_error', param: null, code };
  const body = { type: `urn:flipbook:problem:${code}`, title: code, status, detail, errors, error: said, instance: '/' };
  return HttpResponse.json(body, { status, headers: { 'Content-Type': 'application/problem+json' } });
}

/** One stream of server-sent events, whole. */
export function stream(...events: [name: string, id: string | null, data: object][]) {
  const told = events.map(
    ([name, id, data]) => `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
  );
  return new HttpResponse(`retry: 1\n\n${told.join('')}`, { headers: { 'Content-Type': 'text/event-stream' } });
}

/** A platform on which nothing happens. Handlers of a test's own go before these. */
export function quiet(...own: HttpHandler[]) {
  server.use(
    ...own,
    http.get('/v1/models', () => HttpResponse.json({ object: 'list', data: [model] })),
    http.get('/v1/videos', () =>
      HttpResponse.json({ object: 'list', data: [], first_id: null, last_id: null, has_more: false }),
    ),
    http.post('/v1/videos/estimate', () => HttpResponse.json(quote)),
  );
}
