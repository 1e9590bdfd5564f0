/**
 * Gives memory back at once. What the ciphers and the compressor answer lies outside V8's heap, megabytes of it behind small
 * handles, which the collector is in no hurry to find: left to it, memory grows with what was sealed, and each block begins in pages
 * that were never touched.
 */

/** For whoever alone holds `bytes`, and was given them by a cipher or by zlib: they have no length afterwards. */
export function letGo(bytes: Buffer): void {
  const { buffer } = bytes;
  // A small one may lie in Node's pool, which others read too.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
