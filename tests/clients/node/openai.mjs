// What OpenAI's client for Node sees of the API, one JSON object a line. Run by test_video_clients.py.
import { createHash } from 'node:crypto';
import OpenAI from 'openai';

const { FLIPBOOK_URL: url, FLIPBOOK_KEY: key, FLIPBOOK_AWAY_URL: awayUrl } = process.env;
let sent = 0;
const counting = (...request) => { sent += 1; return fetch(...request); };
const clientOf = (baseUrl, apiKey = key) => new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey, fetch: counting });
const client = clientOf(url);
const { videos } = client;
const goesOn = ({ status }) => ['queued', 'in_progress'].includes(status);
const polled = async (body) => {
  let video = await videos.create(body);
  while (goesOn(video)) {
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    video = await videos.retrieve(video.id);
  }
  return video;
};

const refused = async (ask) => {
  sent = 0;
  try {
    await ask();
  } catch (error) {
    return { status: error.status ?? String(error), code: error.code, sent };
  }
  return { status: 'not refused' };
};

const bytes = async (answer) => Buffer.from(await answer.arrayBuffer());

const checks = {
  async create() {
    const video = await videos.create({ prompt: 'a red cat', model: 'sora-2', seconds: '1' });
    const found = await videos.retrieve(video.id);
    const { object, model, seconds } = video;
    return { object, model, seconds, 'goes on': goesOn(video), found: found.id === video.id };
  },
  async native_fields() {
    const fields = { seed: 7, steps: 3, metadata: { scene: '12' } };
    const video = await videos.create({ prompt: 'a red cat', size: '64x64', ...fields });
    return { seed: video.seed, steps: video.num_inference_steps, metadata: video.metadata, size: video.size };
  },
  async success() {
    const { status, progress, error } = await polled({ prompt: 'a red cat' });
    return { status, progress, error };
  },
  async failure() {
    const { status, error } = await polled({ prompt: 'a cat, all black' });
    return { status, code: error.code };
  },
  async cancel() {
    const asked = await videos.create({ prompt: 'a cat, slowly', steps: 100 });
    await client.post(`/videos/${asked.id}/cancel`);
    let video = asked;
    while (goesOn(video)) video = await videos.retrieve(asked.id);
    return { status: video.status, code: video.error.code };
  },
  async paging() {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await videos.create({ prompt: 'a page' })).id);
    const newest = [];
    for await (const video of videos.list({ limit: 2 })) {
      newest.push(video.id);
      if (newest.length === ids.length) break;
    }
    return { 'newest first': newest.join() === ids.reverse().join() };
  },
  async download() {
    const video = await polled({ prompt: 'a red cat' });
    const content = await bytes(await videos.downloadContent(video.id));
    const seen = { whole: createHash('sha256').update(content).digest('hex') === video.output.sha256 };
    for (const variant of ['thumbnail', 'spritesheet']) {
      const first = await bytes(await videos.downloadContent(video.id, { variant }));
      seen[variant] = first.subarray(0, 4).toString('hex');
    }
    return seen;
  },
  async remix() {
    const video = await videos.create({ prompt: 'a red cat', seed: 7 });
    const again = await videos.remix(video.id, { prompt: 'a blue cat' });
    return { of: again.remixed_from_video_id === video.id, prompt: again.prompt, seed: again.seed };
  },
  async delete() {
    const video = await videos.create({ prompt: 'a red cat' });
    const gone = await videos.delete(video.id);
    const after = await refused(() => videos.retrieve(video.id));
    return { deleted: gone.deleted, object: gone.object, after: after.status };
  },
  wrong: () => refused(() => videos.create({ prompt: '', model: 'sora-9' })),
  stranger: () => refused(() => clientOf(url, `fb_00000000_${'x'.repeat(43)}`).videos.list()),
  async conflict() {
    const video = await videos.create({ prompt: 'a cat, slowly', steps: 50 });
    const seen = await refused(() => videos.downloadContent(video.id));
    await videos.delete(video.id);
    return seen;
  },
  away: () => refused(() => clientOf(awayUrl).videos.list()),
  // One request a second: who asks three times is answered three times, and waits for it.
  async limited() {
    const hurried = clientOf(process.env.FLIPBOOK_LIMITED_URL, process.env.FLIPBOOK_LIMITED_KEY);
    sent = 0;
    let answered = 0;
    for (let n = 0; n < 3; n += 1) answered += (await hurried.models.list()).data.length ? 1 : 0;
    return { answered, repeated: sent > answered };
  },
};

for (const [name, check] of Object.entries(checks)) {
  console.log(JSON.stringify({ [name]: await check() }));
}
