import { http, HttpResponse } from 'msw';
import { describe, expect, test } from 'vitest';
import { KEY, server, video } from '../../testing/server';
import { openApi } from './api';

const ID = video().id;
const api = openApi(KEY);
const picture = () => new HttpResponse('RIFF', { headers: { 'Content-Type': 'Image/WebP' } });

/** Every way of reading an answer: JSON, with and without a body of ours, a file, a preview, a stream. */
const WAYS: [string, () => Promise<unknown>][] = [
  ['queue', () => api.queue()],
  ['create', () => api.create({ prompt: 'A boat' }, 'once')],
  ['remove', () => api.remove(ID)],
  ['file', () => api.file(ID, 'video')],
  ['preview', () => api.preview(ID)],
  ['events', () => api.events(ID, '', new AbortController().signal)],
];

describe('what is not the platform\'s', () => {
  test.each(WAYS)('is no answer to %s', async (_, ask) => {
    for (const answer of [HttpResponse.html('<h1>Sign in</h1>'), HttpResponse.text('ok'), new HttpResponse('{}')]) {
      server.use(http.all('*', () => answer.clone()));

      await expect(ask()).rejects.toMatchObject({ status: 200, code: 'foreign', passes: false });
    }
  });

  test.each(WAYS)('is not taken for a refusal of %s either', async (_, ask) => {
    server.use(http.all('*', () => HttpResponse.html('<h1>Sign in</h1>', { status: 403 })));

    await expect(ask()).rejects.toMatchObject({ status: 403, code: 'unknown', message: 'The platform answered 403.' });
  });
});

test('files are what they say they are', async () => {
  server.use(http.get('/v1/videos/:id/content', picture), http.get('/v1/videos/:id/preview', picture));

  expect(await (await api.file(ID, 'thumbnail')).text()).toBe('RIFF');
  expect(await (await api.preview(ID))?.text()).toBe('RIFF');
});

test('no content is an answer of no type', async () => {
  server.use(http.all('*', () => new HttpResponse(null, { status: 204 })));

  expect(await api.preview(ID)).toBeNull();
  expect(await api.events(ID, '', new AbortController().signal)).toBeNull();
});
