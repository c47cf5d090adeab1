/** The API key: for this tab and until it is closed; never in the address, which stands in histories. */
const NAME = 'flipbook.key';

/** Take the key out of a link such as `/#key=fb_...`, as `make run` prints it. */
export function takeKey(): string | null {
  const found = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (found !== undefined) {
    history.replaceState(null, '', location.pathname);
    sessionStorage.setItem(NAME, found);
  }
  return sessionStorage.getItem(NAME);
}

export const keepKey = (key: string) => sessionStorage.setItem(NAME, key);
export const forgetKey = () => sessionStorage.removeItem(NAME);
