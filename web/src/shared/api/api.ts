import createClient, { type Middleware } from 'openapi-fetch';
import { hooksOf } from './hooks';
import { foreign, offline, problemOf } from './problem';
import { said, type Answer } from './said';
import type { components, paths } from './schema';

type Schemas = components['schemas'];
export type Video = Schemas['Video'];
export type VideoState = Video['state'];
export type Model = Schemas['Model'];
export type Queue = Schemas['Queue'];
export type Quote = Schemas['Quote'];
export type Wish = Schemas['CreateVideo'];
export type VideoPage = Schemas['VideoList'];
export type Variant = Schemas['VideoVariant']['variant'];

/** Seconds that a long poll waits for another state. Steps are no state: they are seen when it comes back. */
const LONG_POLL_S = 5;
/** Media types of what the platform answers. */
const JSON_TEXT = /^application\/json\b/i;
const FILE = /^(video|image)\//i;
const STREAM = /^text\/event-stream\b/i;

/** What the page asks of the platform, as the holder of one key. Every method may reject with a Problem. */
export type Api = ReturnType<typeof openApi>;

export function openApi(key: string) {
  const authorization = { Authorization: `Bearer ${key}` };
  const client = createClient<paths>({ baseUrl: location.origin, fetch: reach });
  client.use(credentials(authorization), success);

  /** Bytes and streams, of which the document says no shape: of such a type, or nothing. */
  const raw = async (path: string, type: RegExp, headers: Record<string, string> = {}, signal?: AbortSignal) => {
    const asked = new Request(new URL(path, location.origin), { headers: { ...authorization, ...headers }, signal: signal ?? null });
    return checked(await reach(asked), type);
  };

  return {
    models: async () => (await said(client.GET('/v1/models'))).data,
    hooks: hooksOf(client),
    queue: () => said(client.GET('/v1/queue')),
    estimate: (body: Wish, signal: AbortSignal) => said(client.POST('/v1/videos/estimate', { body, signal })),
    page: (query: Asked, signal?: AbortSignal) =>
      said(client.GET('/v1/videos', { params: { query }, signal: signal ?? null })),
    video: (id: string) => said(client.GET('/v1/videos/{id}', of(id))),
    /** The video as soon as its state is another, or after a while. */
    changed: (id: string, signal: AbortSignal) =>
      said(client.GET('/v1/videos/{id}', { params: { path: { id }, query: { wait: LONG_POLL_S } }, signal })),
    /** `once` names the wish: sent twice, because an answer was lost, it is one video. */
    create: (body: Wish, once: string) =>
      said<Video>(client.POST('/v1/videos', { body, headers: { 'Idempotency-Key': once } }) as Answer<Video>),
    remix: (id: string, prompt: string, once: string) =>
      said<Video>(
        client.POST('/v1/videos/{id}/remix', {
          ...of(id),
          body: { prompt },
          headers: { 'Idempotency-Key': once },
        }) as Answer<Video>,
      ),
    cancel: (id: string) => said(client.POST('/v1/videos/{id}/cancel', of(id))),
    retry: (id: string) => said(client.POST('/v1/videos/{id}/retry', of(id))),
    /** Goes on when the page is left. */
    remove: (id: string) => said(client.DELETE('/v1/videos/{id}', { ...of(id), keepalive: true })),
    /** From submit itself: a link to an object store would lead to another host, which the page's policy refuses. */
    file: async (id: string, variant: Variant, signal?: AbortSignal) =>
      (await raw(`/v1/videos/${encodeURIComponent(id)}/content?variant=${variant}&redirect=false`, FILE, {}, signal)).blob(),
    /** What a video looks like so far; null: nothing yet. */
    preview: async (id: string, signal?: AbortSignal) => {
      const response = await raw(`/v1/videos/${encodeURIComponent(id)}/preview`, FILE, {}, signal);
      return response.status === 200 ? response.blob() : null;
    },
    /** Server-sent events behind `last`; null: there will be no more. */
    events: async (id: string, last: string, signal: AbortSignal) => {
      const known: Record<string, string> = last === '' ? {} : { 'Last-Event-ID': last };
      const headers = { Accept: 'text/event-stream', ...known };
      const response = await raw(`/v1/videos/${encodeURIComponent(id)}/events`, STREAM, headers, signal);
      return response.status === 204 ? null : response.body;
    },
  };
}

interface Asked {
  limit: number;
  after?: string;
  status?: VideoState | Video['status'];
}

const of = (id: string) => ({ params: { path: { id } } });

const credentials = (headers: Record<string, string>): Middleware => ({
  onRequest: ({ request }) => {
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  },
});

const success: Middleware = {
  onResponse: ({ response }) => checked(response, JSON_TEXT),
};

/** The answer, if it is a success and what was asked for. Rejects with a Problem. */
async function checked(response: Response, type: RegExp): Promise<Response> {
  if (!response.ok) throw await problemOf(response);
  if (response.status !== 204 && !type.test(response.headers.get('Content-Type') ?? '')) throw foreign(response.status);
  return response;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw offline();
  }
}
