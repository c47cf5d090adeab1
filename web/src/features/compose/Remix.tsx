import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import type { Model, Video } from '../../shared/api/api';
import { problemIn, type Problem } from '../../shared/api/problem';
import { newName } from '../../shared/once';
import { usePlatform } from '../../shared/platform';
import { paths } from '../../shared/route';
import { text } from '../../shared/text';
import { Notice } from '../../shared/ui/Notice';
import { keep } from '../../shared/useVideo';
import { Prompt } from './Prompt';

/** Other words for a video that is there. */
export function Remix(props: { model: Model; origin: Video; onAsked: (video: Video) => void }) {
  const { model, origin, onAsked } = props;
  const api = usePlatform();
  const client = useQueryClient();
  const [prompt, setPrompt] = useState(origin.prompt);
  const [once, setOnce] = useState(newName);
  const asking = useMutation<Video, Problem>({
    mutationFn: () => api.remix(origin.id, prompt, once),
    onSuccess: (video) => {
      keep(client, video);
      onAsked(video);
    },
  });

  function change(value: string) {
    asking.reset();
    setOnce(newName());
    setPrompt(value);
  }

  function submit(event: SubmitEvent) {
    event.preventDefault();
    asking.mutate();
  }

  const wrong = asking.error ? problemIn(asking.error).fields['prompt'] : undefined;
  return (
    <form className="compose card" onSubmit={submit} noValidate aria-label={text.live.remix}>
      <h2>{text.live.remix}</h2>
      <p className="hint">{text.compose.remixing(origin.id)}</p>
      <Prompt model={model} value={prompt} wrong={wrong} onChange={change} />
      {asking.error && !wrong && <Notice problem={asking.error} />}
      <div className="actions">
        <button className="main" type="submit" disabled={asking.isPending || prompt.trim() === ''}>
          {asking.isPending ? text.compose.sending : text.compose.submit}
        </button>
        <a className="button" href={paths.studio}>
          {text.compose.plain}
        </a>
      </div>
    </form>
  );
}
