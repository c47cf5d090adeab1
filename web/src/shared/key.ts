/** The API key: for this tab and until it is closed; never in the address, which stands in histories. */
const NAME = 'flipbook.key';
const KEY = /^fb_[a-z0-9]{8}_[A-Za-z0-9_-]{32,64}$/;
/** Of an identity provider: three parts in base64url (RFC 7515, 7.1). */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether it has the form of what opens the page. */
export const isKey = (words: string) => KEY.test(words) || TOKEN.test(words);

/** The key that the page is opened with: of a link such as `/#key=fb_...`, as `make run` prints it, else the tab's. */
export function takeKey(): string | null {
  return keyInAddress() ?? sessionStorage.getItem(NAME);
}

/** Take the key out of the address, whatever it looks like, and keep it; null: there is none. */
export function keyInAddress(): string | null {
  const found = /^#key=(.*)$/s.exec(location.hash)?.[1];
  if (found === undefined) return null;
  history.replaceState(null, '', location.pathname);
  // A header can hold no other characters. What is a key, the platform knows.
  if (!/^[\w.-]+$/.test(found)) return null;
  keepKey(found);
  return found;
}

export const keepKey = (key: string) => sessionStorage.setItem(NAME, key);
export const forgetKey = () => sessionStorage.removeItem(NAME);
