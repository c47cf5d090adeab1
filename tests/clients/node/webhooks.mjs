// What standardwebhooks, svix and openai for JavaScript make of a callback: one JSON object. Run by test_webhook_clients.py.
import { CloudEvent, HTTP } from "cloudevents";
import OpenAI from "openai";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const { headers, body, secret, wrong } = JSON.parse(process.env.FLIPBOOK_CALLBACK);

function verified(library, key) {
  try {
    new library(key).verify(body, headers); // svix returns nothing
    return "verified";
  } catch (error) {
    return error.constructor.name;
  }
}

const client = new OpenAI({ apiKey: "none" });
const unwrapped = await client.webhooks.unwrap(body, headers, secret);
const refused = await client.webhooks.unwrap(body, headers, wrong).catch((error) => error.constructor.name);
const event = HTTP.toEvent({ headers, body });

console.log(
  JSON.stringify({
    standardwebhooks: verified(Standard, secret),
    "standardwebhooks, another secret": verified(Standard, wrong),
    svix: verified(Svix, secret),
    "svix, another secret": verified(Svix, wrong),
    openai: [unwrapped.type, unwrapped.data.id],
    "openai, another secret": refused,
    cloudevents: [event instanceof CloudEvent, event.id, event.type, event.subject],
  }),
);
