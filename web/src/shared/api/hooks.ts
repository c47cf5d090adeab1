import type { Client } from 'openapi-fetch';
import { said } from './said';
import type { components, paths } from './schema';

type Schemas = components['schemas'];
export type Endpoint = Schemas['WebhookEndpoint'];
export type EventType = Schemas['EndpointWish']['event_types'][number];
export type Delivery = Schemas['WebhookDelivery'];

const PAGE = 100;

/** What can be asked about webhook endpoints, and about what became of the callbacks to them. */
export function hooksOf(client: Client<paths>) {
  const of = (endpoint: string) => ({ params: { path: { endpoint } } });
  return {
    endpoints: async () =>
      (await said(client.GET('/v1/webhook_endpoints', { params: { query: { limit: PAGE } } }))).data,
    eventTypes: async () => (await said(client.GET('/v1/webhook_event_types'))).data,
    addEndpoint: (url: string, event_types: EventType[]) =>
      said(client.POST('/v1/webhook_endpoints', { body: { url, event_types } })),
    enableEndpoint: (id: string, enabled: boolean) =>
      said(client.POST('/v1/webhook_endpoints/{endpoint}', { ...of(id), body: { enabled } })),
    removeEndpoint: (id: string) => said(client.DELETE('/v1/webhook_endpoints/{endpoint}', of(id))),
    testEndpoint: (id: string) => said(client.POST('/v1/webhook_endpoints/{endpoint}/test', { ...of(id), body: {} })),
    rotateSecret: (id: string) =>
      said(client.POST('/v1/webhook_endpoints/{endpoint}/rotate_secret', { ...of(id), body: {} })),
    /** The callbacks of a video, its uploads among them, oldest first. */
    ofVideo: async (id: string) =>
      (await said(client.GET('/v1/videos/{id}/deliveries', { params: { path: { id } } }))).data,
    replayOfVideo: (id: string, delivery: string) =>
      said(client.POST('/v1/videos/{id}/deliveries/{delivery}/replay', { params: { path: { id, delivery } } })),
    deliveries: async (id: string) =>
      (await said(client.GET('/v1/webhook_endpoints/{endpoint}/deliveries', of(id)))).data,
    replay: (endpoint: string, delivery: string) =>
      said(
        client.POST('/v1/webhook_endpoints/{endpoint}/deliveries/{delivery}/replay', {
          params: { path: { endpoint, delivery } },
        }),
      ),
    /** All since then, in Unix seconds, that were given up or wait. */
    replayFailed: (id: string, since: number) =>
      said(client.POST('/v1/webhook_endpoints/{endpoint}/deliveries/replay', { ...of(id), body: { since } })),
  };
}
