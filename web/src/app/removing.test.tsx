import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { expect, test, vi } from 'vitest';
import { forgetting, Removals, RemovalsContext, removing } from '../features/keep/removals';
import { Undo } from '../features/keep/Undo';
import { openApi } from '../shared/api/api';
import { KEY, refusal, server } from '../testing/server';
import { openQueries } from './queries';

/** A removal whose grace is over, as the page has it. */
function removed(id: string) {
  const onRefused = vi.fn();
  const client = openQueries(onRefused);
  const removals = new Removals(removing(client, openApi(KEY)), forgetting(client));
  render(
    <QueryClientProvider client={client}>
      <RemovalsContext value={removals}>
        <Undo />
      </RemovalsContext>
    </QueryClientProvider>,
  );
  act(() => removals.remove(id));
  expect(screen.getByRole('button', { name: 'Undo' })).toBeEnabled();
  act(() => removals.flush());
  return onRefused;
}

test('a video that could not be deleted is told of with the reason, until it could', async () => {
  let gone = false;
  const asked: unknown[] = [];
  server.use(
    http.delete('/v1/videos/:id', ({ params }) => {
      asked.push(params['id']);
      return gone ? HttpResponse.json({ id: 'video_1', object: 'video.deleted', deleted: true }) : refusal(503, 'unavailable');
    }),
  );
  removed('video_1');
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();

  expect(await screen.findByText('because of unavailable')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'A video could not be deleted.' })).toHaveAttribute('href', '#/videos/video_1');
  expect(screen.queryByText('Deleted.')).toBeNull();
  gone = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));

  expect(screen.queryByText(/unavailable/)).toBeNull();
  await waitFor(() => expect(screen.queryByText('Deleted.')).toBeNull());
  expect(asked).toEqual(['video_1', 'video_1']);
});

test('what was told can be put aside', async () => {
  server.use(http.delete('/v1/videos/:id', () => refusal(403, 'forbidden')));
  removed('video_1');

  await userEvent.click(await screen.findByRole('button', { name: 'Close' }));

  expect(screen.queryByRole('alert')).toBeNull();
});

test('a key that opens nothing any more shuts the page, as everywhere', async () => {
  server.use(http.delete('/v1/videos/:id', () => refusal(401, 'invalid_api_key')));

  const onRefused = removed('video_1');

  await waitFor(() => expect(onRefused).toHaveBeenCalledOnce());
});
