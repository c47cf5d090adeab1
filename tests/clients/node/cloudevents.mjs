// What CloudEvents' JavaScript SDK sends and reads, one JSON object a line. Run by test_event_clients.py.
import cloudevents from 'cloudevents';

const { CloudEvent, HTTP } = cloudevents;
const { FLIPBOOK_URL: url, FLIPBOOK_KEY: key, FLIPBOOK_RUN: run, FLIPBOOK_EVENT: told } = process.env;
const REQUESTED = 'dev.flipbook.video.requested.v1';

const event = (check, type = REQUESTED) => new CloudEvent({
  type,
  source: '/tests/node',
  datacontenttype: 'application/json',
  data: { prompt: 'a red cat', metadata: { run, check } },
});

const sent = async ({ headers, body }) => {
  const authorization = `Bearer ${key}`;
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers: { ...headers, authorization }, body });
  const text = await answer.text();
  return answer.ok
    ? { status: answer.status, body: text !== '' }
    : { status: answer.status, code: JSON.parse(text).error.code };
};

const checks = {
  binary: () => sent(HTTP.binary(event('binary'))),
  structured: () => sent(HTTP.structured(event('structured'))),
  batch: () => sent({
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify([event('batch'), event('batch')]),
  }),
  async twice() {
    const message = HTTP.binary(event('twice'));
    await sent(message);
    return sent(message);
  },
  unknown: () => sent(HTTP.binary(event('unknown', 'dev.flipbook.video.wished.v1'))),
  heard() {
    const { type, subject, id } = HTTP.toEvent(JSON.parse(told));
    return { type, subject, id };
  },
};

for (const [name, check] of Object.entries(checks)) {
  console.log(JSON.stringify({ [name]: await check() }));
}
