import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Api, Video } from './api';
import { isOver } from './state';
import { isForeign, Problem } from './problem';

/** A stream begins with how the video stands. Where that does not come, something on the way holds streams back. */
const FIRST_WORD_MS = 5000;
/** After so many that said nothing: ask instead. */
const SILENT_STREAMS = 2;
/** A stream breaks its silence every 15 s. One that does not is dead, though nobody closed it: the machine slept. */
const LONGEST_SILENCE_MS = 45_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

interface Story {
  /** The id of the last event; empty: none came yet. */
  last: string;
  retryMs: number;
}

/**
 * Tell `hear` of a video's every change until it is over or `signal` ends it. EventSource can show no key, so this is
 * its way by hand (HTML, 9.2): reconnect with `Last-Event-ID`, after what the server last said in `retry`.
 *
 * Rejects with the Problem when asking again cannot help: no key any more, no such video.
 */
export async function follow(api: Api, id: string, hear: (video: Video) => void, signal: AbortSignal): Promise<void> {
  const story: Story = { last: '', retryMs: FIRST_RETRY_MS };
  let silent = 0;
  let failures = 0;
  const ended = () => signal.aborted;
  while (!ended()) {
    try {
      const video = silent < SILENT_STREAMS ? await listen(api, id, story, hear, signal) : await ask(api, id, hear, signal);
      if (video === 'over' || (video && isOver(video))) return;
      if (story.last === '') silent++;
      failures = 0;
      await pause(story.retryMs, signal);
    } catch (error) {
      if (ended()) return;
      if (isForeign(error) && silent < SILENT_STREAMS) {
        silent = SILENT_STREAMS; // whether more than streams is kept from us, the asking tells
        continue;
      }
      if (!(error instanceof Problem) || !error.passes) throw error;
      if (story.last === '') silent++;
      const told = error.retryAfter === null ? 0 : error.retryAfter * 1000;
      await pause(Math.max(told, Math.min(story.retryMs * 2 ** failures++, LONGEST_RETRY_MS)), signal);
    }
  }
}

/** The last video of one stream; null: it told of none. A stream that breaks off is one that ended. */
async function listen(api: Api, id: string, story: Story, hear: (video: Video) => void, signal: AbortSignal) {
  let heard: Video | null = null;
  const patience = new Patience(story.last === '' ? FIRST_WORD_MS : LONGEST_SILENCE_MS);
  const parser = new EventSourceParserStream({
    onRetry: (ms) => void (story.retryMs = Math.min(ms, LONGEST_RETRY_MS)),
    onComment: () => patience.renew(LONGEST_SILENCE_MS),
  });
  try {
    const body = await api.events(id, story.last, AbortSignal.any([signal, patience.signal]));
    if (body === null) return 'over';
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(parser).getReader();
    for (;;) {
      const { done, value } = await events.read();
      if (done) return heard;
      patience.renew(LONGEST_SILENCE_MS);
      if (value.event === 'preview') continue; // where a picture is, and no Video
      heard = JSON.parse(value.data) as Video;
      story.last = value.id ?? story.last;
      hear(heard);
    }
  } catch (error) {
    if (signal.aborted || error instanceof Problem || error instanceof SyntaxError) throw error;
    return heard;
  } finally {
    patience.end();
  }
}

/** Gives up, by its signal, when nothing is heard for so long. */
class Patience {
  private readonly over = new AbortController();
  private timer: ReturnType<typeof setTimeout>;
  readonly signal = this.over.signal;

  constructor(ms: number) {
    this.timer = setTimeout(() => this.over.abort(), ms);
  }

  renew(ms: number) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.over.abort(), ms);
  }

  end() {
    clearTimeout(this.timer);
  }
}

async function ask(api: Api, id: string, hear: (video: Video) => void, signal: AbortSignal) {
  const video = await api.changed(id, signal);
  hear(video);
  return video;
}

/** Not everybody at the same moment: when a server stops, all its streams end at once. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const spread = ms * (0.8 + 0.4 * Math.random());
  return new Promise((resolve) => {
    const timer = setTimeout(done, spread);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
