import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { delay, http, HttpResponse } from 'msw';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Video } from '../shared/api/api';
import { KEY, quiet, refusal, server, stream, video } from '../testing/server';
import { takeKey } from '../shared/key';
import { App } from './App';

const prompt = () => screen.findByLabelText('What shall be seen?');
const draw = () => screen.getByRole('button', { name: 'Draw it' });
const streams = http.get('/v1/videos/:id/events', ({ params }) => stream(['state', '0.0.0', video({ id: String(params['id']) })]));
const page = (...data: Video[]) =>
  HttpResponse.json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false });

function open(hash = '#/') {
  sessionStorage.setItem('flipbook.key', KEY);
  location.hash = hash;
  render(<App first={takeKey()} />);
  return userEvent.setup();
}

beforeEach(() => quiet());
afterEach(() => void vi.unstubAllGlobals());

describe('the door', () => {
  test('takes the key out of the link, and out of the address', async () => {
    location.hash = `#key=${KEY}`;
    render(<App first={takeKey()} />);

    await prompt();
    expect(location.hash).toBe('');
    expect(sessionStorage.getItem('flipbook.key')).toBe(KEY);
  });

  test.each(['the door', 'another key'])('takes it too where the tab shows %s already', async (shown) => {
    const asked = new Set<string | null>();
    server.use(http.get('/v1/models', ({ request }) => void asked.add(request.headers.get('Authorization'))));
    if (shown === 'the door') {
      render(<App first={takeKey()} />);
    } else {
      open();
      await prompt();
    }
    asked.clear();
    const other = KEY.replace('k', 'j');

    location.hash = `#key=${other}`;

    await prompt();
    expect(location.hash).toBe('');
    expect(sessionStorage.getItem('flipbook.key')).toBe(other);
    await waitFor(() => expect([...asked]).toEqual([`Bearer ${other}`]));
  });

  test('asks for a key, and says when it has not its form', async () => {
    render(<App first={takeKey()} />);
    const user = userEvent.setup();

    await user.type(screen.getByLabelText('API key'), 'letmein');
    await user.click(screen.getByRole('button', { name: 'Open' }));
    expect(screen.getByText(/^A key is fb_/)).toBeInTheDocument();

    await user.clear(screen.getByLabelText('API key'));
    await user.type(screen.getByLabelText('API key'), KEY);
    await user.click(screen.getByRole('button', { name: 'Open' }));
    await prompt();
  });

  test('shuts when the key opens nothing any more, and forgets it', async () => {
    server.use(http.get('/v1/models', () => refusal(401, 'invalid_api_key')));
    open();

    expect(await screen.findByText(/opens nothing here/)).toBeInTheDocument();
    expect(sessionStorage.getItem('flipbook.key')).toBeNull();
  });

  test('forgets the key when it is told to', async () => {
    const user = open();
    await prompt();

    await user.click(screen.getByRole('button', { name: 'Forget key' }));

    expect(screen.getByLabelText('API key')).toHaveValue('');
    expect(sessionStorage.getItem('flipbook.key')).toBeNull();
  });
});

describe('a platform that was away', () => {
  test('is asked again for all that it owes, once it answers anything', async () => {
    let away = true;
    server.use(http.get('/v1/models', () => (away ? HttpResponse.error() : undefined)));
    open();
    await screen.findByText(/does not answer/, {}, { timeout: 4000 });

    away = false;

    await screen.findByLabelText('What shall be seen?', {}, { timeout: 8000 });
    expect(screen.queryByText(/does not answer/)).toBeNull();
  }, 15_000);
});

describe('asking', () => {
  test('sends the wish, clears the words, and shows what came of it, however quickly it came', async () => {
    const bodies: unknown[] = [];
    const wish = { id: 'video_1', prompt: 'A red cat' };
    const over = video({ ...wish, state: 'cancelled', status: 'failed' });
    server.use(
      http.post('/v1/videos', async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json(video(wish), { status: 202 });
      }),
      // No list shows it any more.
      http.get('/v1/videos/video_1/events', () => stream(['cancelled', '1.0.0', over])),
    );
    const user = open();
    await user.type(await prompt(), 'A red cat');

    await user.click(draw());

    const card = await screen.findByRole('article', { name: 'A red cat' });
    expect(await within(card).findByText('Cancelled')).toBeInTheDocument();
    expect(bodies).toMatchObject([{ prompt: 'A red cat', size: '96x64', preview: true }]);
    expect(await prompt()).toHaveValue('');
  });

  test('needs nothing that browsers keep for https and loopback', async () => {
    const whole = crypto;
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => whole.getRandomValues(bytes) });
    const names: (string | null)[] = [];
    server.use(
      streams,
      http.post('/v1/videos', ({ request }) => {
        names.push(request.headers.get('Idempotency-Key'));
        return HttpResponse.json(video(), { status: 202 });
      }),
    );
    const user = open();
    await user.type(await prompt(), 'A paper boat on a lake');

    await user.click(draw());

    await screen.findByRole('article', { name: 'A paper boat on a lake' });
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  });

  test('says that the page is at fault where it is', async () => {
    vi.stubGlobal('crypto', {});
    const user = open();
    await user.type(await prompt(), 'A hat');

    await user.click(draw());

    expect(await screen.findByText(/Something broke on this page/)).toBeInTheDocument();
    expect(await prompt()).toHaveValue('A hat');
  });

  test('does not lose what is written while the wish before is on its way', async () => {
    server.use(
      streams,
      http.post('/v1/videos', async () => {
        await delay(50);
        return HttpResponse.json(video(), { status: 202 });
      }),
    );
    const user = open();
    await user.type(await prompt(), 'first');
    await user.click(draw());

    await user.clear(await prompt());
    await user.type(await prompt(), 'second');
    await delay(100);

    expect(await prompt()).toHaveValue('second');
  });

  test('says what is wrong beside the field that the API names', async () => {
    server.use(
      http.post('/v1/videos', () =>
        refusal(400, 'invalid_parameter', [{ pointer: '/seed', detail: 'must be at most 4294967295' }]),
      ),
    );
    const user = open();
    await user.type(await prompt(), 'A hat');

    await user.click(draw());

    const seed = await screen.findByLabelText('Seed');
    await waitFor(() => expect(seed).toHaveAccessibleDescription(/must be at most 4294967295/));
    expect(seed).toBeInvalid();
    expect(screen.queryByText('That did not work')).toBeNull();
  });

  test.each([
    [refusal(403, 'forbidden'), 'Your key may not do this.'],
    [refusal(429, 'queue_full'), 'Too many requests for now.'],
    [HttpResponse.error(), 'The platform does not answer. Is it running, and are you online?'],
    [new HttpResponse('<h1>Bad gateway</h1>', { status: 502 }), 'The platform answered 502.'],
    [HttpResponse.html('<h1>Sign in</h1>'), /^Something on the way answered in place of the platform/],
  ])('says clearly what else went wrong (%#)', async (answer, words) => {
    server.use(http.post('/v1/videos', () => answer));
    const user = open();
    await user.type(await prompt(), 'A hat');

    await user.click(draw());

    expect(await screen.findByText(words)).toBeInTheDocument();
    expect(await prompt()).toHaveValue('A hat');
  });

  test('sends the same wish again under the same key, and another under another', async () => {
    const keys: (string | null)[] = [];
    server.use(
      http.post('/v1/videos', ({ request }) => {
        keys.push(request.headers.get('Idempotency-Key'));
        return HttpResponse.error();
      }),
    );
    const user = open();
    await user.type(await prompt(), 'A hat');
    for (const words of ['', '', '!']) {
      if (words) await user.type(await prompt(), words);
      await waitFor(() => expect(draw()).toBeEnabled());
      await user.click(draw());
      await screen.findByText(/does not answer/);
    }

    expect(keys).toHaveLength(3);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
  });

  test('says what it would take as one types', async () => {
    const user = open();
    const quote = screen.findByRole('status', { name: 'Estimate' });
    await user.type(await prompt(), 'A hat');

    await waitFor(async () => expect(await quote).toHaveTextContent('Ready in about 33s'));
    expect(await quote).toHaveTextContent('3s of drawing, hardly over 4.5s · nobody is waiting · a GPU must wake first, in about 30s');
  });
});

describe('watching', () => {
  test('shows a prompt as text, whatever stands in it', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    server.use(streams, http.get('/v1/videos', ({ request }) => (request.url.includes('queued') ? page(video({ prompt: evil })) : page())));
    open();

    const card = await screen.findByRole('article');
    expect(within(card).getByRole('link')).toHaveTextContent(evil);
    expect(card.querySelector('img, script')).toBeNull();
  });

  test('streams the newest two and asks about the rest together', async () => {
    const ids = [5, 4, 3, 2, 1].map((n) => `video_${n}`);
    const streamed = new Set<unknown>();
    server.use(
      http.get('/v1/videos/:id/events', async ({ params }) => {
        streamed.add(params['id']);
        await delay('infinite');
        return new HttpResponse();
      }),
      http.get('/v1/videos', ({ request }) => (request.url.includes('queued') ? page(...ids.map((id) => video({ id, prompt: id }))) : page())),
    );
    open();

    await waitFor(() => expect(screen.getAllByRole('article')).toHaveLength(5));
    await waitFor(() => expect([...streamed]).toEqual(['video_5', 'video_4']));
  });
});
