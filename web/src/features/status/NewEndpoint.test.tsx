import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { expect, test, vi } from 'vitest';
import { openApi } from '../../shared/api/api';
import { Platform } from '../../shared/platform';
import { KEY, refusal, server } from '../../testing/server';
import { NewEndpoint } from './NewEndpoint';

const register = () => screen.getByRole('button', { name: 'Register' });
const types = () => HttpResponse.json({ object: 'list', data: ['video.completed', 'video.failed', 'video.progress'] });

async function open() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <Platform value={openApi(KEY)}>
      <QueryClientProvider client={client}>
        <NewEndpoint onAdded={vi.fn()} />
      </QueryClientProvider>
    </Platform>,
  );
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('New endpoint'), 'https://hooks.example.com/');
  return user;
}

test('nothing is registered before it is known what could be heard, and it is said why', async () => {
  let away = true;
  server.use(http.get('/v1/webhook_event_types', () => (away ? refusal(503, 'unavailable') : types())));
  const user = await open();

  expect(await screen.findByText('because of unavailable')).toBeInTheDocument();
  expect(register()).toBeDisabled();
  away = false;
  await user.click(screen.getByRole('button', { name: 'Try again' }));

  expect(await screen.findByRole('checkbox', { name: 'video.completed' })).toBeChecked();
  expect(screen.getByRole('checkbox', { name: 'video.progress' })).not.toBeChecked();
  expect(screen.queryByText('because of unavailable')).toBeNull();
  expect(register()).toBeEnabled();
});

test('all that is wrong is said beside what it is about', async () => {
  server.use(
    http.get('/v1/webhook_event_types', types),
    http.post('/v1/webhook_endpoints', () =>
      refusal(400, 'invalid_parameter', [
        { pointer: '/url', detail: 'must be https' },
        { pointer: '/event_types', detail: 'must not be empty' },
      ]),
    ),
  );
  const user = await open();
  await user.click(await screen.findByRole('checkbox', { name: 'video.completed' }));

  await user.click(register());

  expect(await screen.findByText('must be https')).toBeInTheDocument();
  expect(screen.getByLabelText('New endpoint')).toHaveAccessibleDescription('must be https');
  expect(screen.getByRole('group', { name: 'It hears of' })).toHaveAccessibleDescription('must not be empty');
  expect(screen.queryByText('That did not work')).toBeNull();
});
