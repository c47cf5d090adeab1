/**
 * The name of a wish, for `Idempotency-Key`: 128 bits of chance, as hex. `crypto.randomUUID` would do, but browsers
 * have it only over https and on loopback.
 */
export function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
