import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type SubmitEvent } from 'react';
import type { Model, Video } from '../../shared/api/api';
import { problemIn, type Problem } from '../../shared/api/problem';
import { newName } from '../../shared/once';
import { usePlatform } from '../../shared/platform';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { keep } from '../../shared/useVideo';
import { Estimate } from './Estimate';
import { More } from './More';
import { Prompt } from './Prompt';
import { Shape } from './Shape';
import { useQuote } from './useQuote';
import { draftFor, FIELDS, wishOf, type Draft } from './wish';

/** The form that asks for a video. */
export function Compose({ models }: { models: [Model, ...Model[]] }) {
  const [draft, setDraft] = useState(() => draftFor(models[0]));
  const model = models.find((each) => each.id === draft.model) ?? models[0];
  const { quote, busy, fields, problem } = useQuote(draft);
  const asking = useAsking((sent) => {
    // Unless somebody is writing the next one already.
    setDraft((now) => (now.prompt === sent.prompt ? { ...now, prompt: '' } : now));
  });

  function change(part: Partial<Draft>) {
    asking.reset();
    setDraft((before) =>
      part.model === undefined || part.model === before.model
        ? { ...before, ...part }
        : draftFor(models.find((each) => each.id === part.model) ?? models[0], before.prompt),
    );
  }

  function submit(event: SubmitEvent) {
    event.preventDefault();
    asking.mutate(draft);
  }

  const refused = asking.error && problemIn(asking.error);
  const told = { ...fields, ...refused?.fields };
  const wrong = (name: keyof Draft) => told[FIELDS[name]];
  const beside = new Set<string>(Object.values(FIELDS));
  const elsewhere = refused && !Object.keys(refused.fields).some((name) => beside.has(name));
  return (
    <form className="compose card" onSubmit={submit} noValidate aria-label={text.compose.title}>
      <h2>{text.compose.title}</h2>
      <Prompt model={model} value={draft.prompt} wrong={wrong('prompt')} onChange={(prompt) => change({ prompt })} />
      <Shape models={models} model={model} draft={draft} wrong={wrong} onChange={change} />
      <More model={model} draft={draft} wrong={wrong} onChange={change} />
      <Estimate quote={quote} busy={busy} />
      {elsewhere ? <Notice problem={refused} /> : problem && <Notice problem={problem} />}
      <button className="main" type="submit" disabled={asking.isPending || draft.prompt.trim() === ''}>
        {asking.isPending ? text.compose.sending : text.compose.submit}
      </button>
    </form>
  );
}

/** Sends a draft. Sent again because its answer was lost, it is the same wish; changed, it is another. */
function useAsking(onAsked: (sent: Draft) => void) {
  const api = usePlatform();
  const client = useQueryClient();
  const wish = useRef({ text: '', once: '' });
  return useMutation<Video, Problem, Draft>({
    mutationFn: (draft) => {
      const body = wishOf(draft);
      const said = JSON.stringify(body);
      if (wish.current.text !== said) wish.current = { text: said, once: newName() };
      return api.create(body, wish.current.once);
    },
    onSuccess: (video, sent) => {
      wish.current = { text: '', once: '' };
      keep(client, video);
      onAsked(sent);
    },
  });
}
