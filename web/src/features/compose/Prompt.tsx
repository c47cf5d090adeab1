import type { Model } from '../../shared/api/api';
import { characters, count, tokens } from '../../shared/numbers';
import { text } from '../../shared/text';
import { Field } from './Field';

export function Prompt(props: { model: Model; value: string; wrong: string | undefined; onChange: (value: string) => void }) {
  const { prompt_characters: most, prompt_tokens: read } = props.model.limits;
  const about = tokens(props.value);
  const said = text.compose.count(count(characters(props.value)), count(most), count(about), count(read));
  return (
    <Field
      id="prompt"
      label={text.compose.prompt}
      wrong={props.wrong}
      hint={about > read ? `${said}. ${text.compose.unread(count(read))}` : said}
    >
      {(described) => (
        <textarea
          {...described}
          rows={4}
          placeholder={text.compose.placeholder}
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
