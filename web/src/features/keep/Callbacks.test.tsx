import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { describe, expect, test } from 'vitest';
import { openApi } from '../../shared/api/api';
import type { Delivery } from '../../shared/api/hooks';
import { Platform } from '../../shared/platform';
import { delivery, KEY, refusal, server, video } from '../../testing/server';
import { Callbacks } from './Callbacks';
import { nextLook } from './useCallbacks';

const over = video({ id: 'video_1', state: 'completed', status: 'completed' });
const list = (...data: Delivery[]) =>
  HttpResponse.json({ object: 'list', data, first_id: null, last_id: null, has_more: false });

function open() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <Platform value={openApi(KEY)}>
      <QueryClientProvider client={client}>
        <Callbacks video={over} />
      </QueryClientProvider>
    </Platform>,
  );
  return client;
}

test('a video that nobody was told of says nothing of it', async () => {
  server.use(http.get('/v1/videos/video_1/deliveries', () => list()));
  const client = open();

  await waitFor(() => expect(client.isFetching()).toBe(0));

  expect(screen.queryByRole('region')).toBeNull();
});

test('each callback is told, without what its URL may hide, and sent again when asked', async () => {
  const sent: unknown[] = [];
  const failed = delivery({ id: 'wd_1', status: 'abandoned', error: 'timeout', url: 'https://a.example/hook?token=secret' });
  const upload = delivery({ id: 'wd_2', kind: 'upload', url: 'https://store.example/video.mp4' });
  server.use(
    http.get('/v1/videos/video_1/deliveries', () => list(sent.length ? { ...failed, status: 'delivered' } : failed, upload)),
    http.post('/v1/videos/video_1/deliveries/:delivery/replay', ({ params }) => {
      sent.push(params['delivery']);
      return HttpResponse.json({ ...failed, status: 'pending' }, { status: 202 });
    }),
  );
  open();
  const [first, second] = await screen.findAllByRole('listitem');
  expect(first).toHaveTextContent('video.completed https://a.example/hook');
  expect(first).toHaveTextContent('Given up, timeout, tries: 1');
  expect(second).toHaveTextContent('The video itself https://store.example/video.mp4');
  expect(document.body).not.toHaveTextContent('secret');

  await userEvent.click(within(first as HTMLElement).getByRole('button', { name: 'Send again' }));

  await waitFor(() => expect(screen.getAllByText('Delivered, tries: 1')).toHaveLength(2));
  expect(sent).toEqual(['wd_1']);
});

test('what cannot be sent again, or not be read, is said', async () => {
  server.use(
    http.get('/v1/videos/video_1/deliveries', () => list(delivery())),
    http.post('/v1/videos/video_1/deliveries/:delivery/replay', () => refusal(409, 'delivery_pending')),
  );
  open();

  await userEvent.click(await screen.findByRole('button', { name: 'Send again' }));
  expect(await screen.findByText('because of delivery_pending')).toBeInTheDocument();
});

describe('looking again', () => {
  const looked = (dataUpdateCount: number, ...data: Delivery[]) => ({ data, dataUpdateCount, errorUpdateCount: 0 });
  const pending = delivery({ status: 'pending' });

  test('of what ended long ago there is no need', () => {
    expect(nextLook(looked(1, delivery()), 1)).toBe(false);
    expect(nextLook(looked(1), 1)).toBe(false);
  });

  test('where something has just happened, ends after some seconds', () => {
    const waits = [1, 2, 3, 4].map((n) => nextLook(looked(n), 4));

    expect(waits).toEqual([1500, 3000, 6000, false]);
  });

  test('while one is expected, grows seldom, and never ends for good', () => {
    const waits = [1, 4, 7, 100].map((n) => nextLook(looked(n, delivery(), pending), 1));

    expect(waits).toEqual([1500, 12_000, 60_000, 60_000]);
  });

  test('is not done where nothing could be read', () => {
    expect(nextLook({ data: undefined, dataUpdateCount: 0, errorUpdateCount: 3 }, 4)).toBe(false);
  });
});
