import { http, HttpResponse } from 'msw';
import { describe, expect, test } from 'vitest';
import { KEY, refusal, server, stream, video } from '../../testing/server';
import { openApi, type Video } from './api';
import { follow } from './follow';
import { Problem } from './problem';

const ID = video().id;
const EVENTS = `/v1/videos/${ID}/events`;
const running = video({ state: 'running', status: 'in_progress', step: 2 });
const done = video({ state: 'completed', status: 'completed' });

/** The states that are heard until the story ends; `answers` are what /events says, one after the other. */
async function heard(...answers: (() => Response)[]) {
  const lasts: (string | null)[] = [];
  server.use(
    http.get(EVENTS, ({ request }) => {
      lasts.push(request.headers.get('Last-Event-ID'));
      const answer = answers.shift();
      if (!answer) throw new Error('one stream more than a test expects');
      return answer();
    }),
  );
  const told: Video[] = [];
  await follow(openApi(KEY), ID, (seen) => told.push(seen), new AbortController().signal);
  return { states: told.map((seen) => seen.state), lasts };
}

describe('following a video', () => {
  test('ends with the event that ends the video', async () => {
    const { states } = await heard(() => stream(['state', '0.0.0', running], ['completed', '2.0.0', done]));

    expect(states).toEqual(['running', 'completed']);
  });

  test('takes a new preview for no video, and not for the end of anything', async () => {
    const preview = { id: ID, url: `/v1/videos/${ID}/preview`, step: 2 };
    const { states, lasts } = await heard(
      () => stream(['state', '0.0.0', running], ['preview', null, preview]),
      () => stream(['preview', null, preview], ['completed', '2.0.0', done]),
    );

    expect(states).toEqual(['running', 'completed']);
    expect(lasts).toEqual([null, '0.0.0']);
  });

  test('goes on behind the last event when a stream ends', async () => {
    const { states, lasts } = await heard(
      () => stream(['state', '0.0.0', video()], ['progress', '1.3.10', running]),
      () => stream(['completed', '2.0.0', done]),
    );

    expect(states).toEqual(['queued', 'running', 'completed']);
    expect(lasts).toEqual([null, '1.3.10']);
  });

  test('goes on when the server was away for a moment', async () => {
    const { states } = await heard(
      () => stream(['state', '0.0.0', video()]),
      () => refusal(503, 'store_unavailable'),
      () => HttpResponse.error(),
      () => stream(['completed', '2.0.0', done]),
    );

    expect(states).toEqual(['queued', 'completed']);
  });

  test('is over when the server has nothing more to say', async () => {
    const { states } = await heard(
      () => stream(['state', '0.0.0', video()]),
      () => new HttpResponse(null, { status: 204 }),
    );

    expect(states).toEqual(['queued']);
  });

  test('asks with ?wait= where streams come without a word', async () => {
    const waits: (string | null)[] = [];
    server.use(
      http.get(`/v1/videos/${ID}`, ({ request }) => {
        waits.push(new URL(request.url).searchParams.get('wait'));
        return HttpResponse.json(waits.length === 1 ? running : done);
      }),
    );

    const { states, lasts } = await heard(
      () => stream(),
      () => stream(),
    );

    expect(states).toEqual(['running', 'completed']);
    expect(lasts).toEqual([null, null]);
    expect(waits).toEqual(['5', '5']);
  });

  test('asks where streams are refused from the first one on', async () => {
    server.use(http.get(`/v1/videos/${ID}`, () => HttpResponse.json(done)));

    const { states } = await heard(
      () => refusal(503, 'busy'),
      () => HttpResponse.error(),
    );

    expect(states).toEqual(['completed']);
  });

  test.each([
    [401, 'invalid_api_key'],
    [403, 'forbidden'],
    [404, 'not_found'],
  ])('stops at %i, which asking again cannot mend', async (status, code) => {
    await expect(heard(() => refusal(status, code))).rejects.toMatchObject({ status, code });
    await expect(heard(() => refusal(status, code))).rejects.toBeInstanceOf(Problem);
  });

  const signIn = () => HttpResponse.html('<h1>Sign in</h1>');

  test.each([[[]], [[() => stream(['state', '0.0.0', running])]]])('asks where something else answers for a stream (%#)', async (before) => {
    server.use(http.get(`/v1/videos/${ID}`, () => HttpResponse.json(done)));

    const { states } = await heard(...before, signIn);

    expect(states.at(-1)).toBe('completed');
  });

  test('stops where something else answers all', async () => {
    server.use(http.get(`/v1/videos/${ID}`, signIn));

    await expect(heard(signIn)).rejects.toMatchObject({ status: 200, code: 'foreign' });
  });

  test('shows the key on every stream', async () => {
    const keys: (string | null)[] = [];
    const hear = ({ request }: { request: Request }) => void keys.push(request.headers.get('Authorization'));
    server.events.on('request:start', hear);

    await heard(() => stream(['completed', '2.0.0', done]));

    expect(keys).toEqual([`Bearer ${KEY}`]);
    server.events.removeListener('request:start', hear);
  });

  test('ends quietly when nobody listens any more', async () => {
    const end = new AbortController();
    server.use(http.get(EVENTS, () => stream(['state', '0.0.0', running])));

    await follow(openApi(KEY), ID, () => end.abort(), end.signal);

    expect(end.signal.aborted).toBe(true);
  });
});
