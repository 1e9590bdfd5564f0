/**
 * The peer: a column of doubles as Gorilla packs it (Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB
 * 2015, section 4.1.2). A bit for a number that returns; else the bits that differ from the number before, within the window of
 * leading and trailing zeros that is in force where they fit, and behind a new one (5 bits of leading zeros, 6 of length) where not.
 */

const LEADING_MAX = 31;

export function gorillaBytes(column: Float64Array): Uint8Array {
  const bits: number[] = [];
  const push = (value: bigint, count: number): void => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push(Number((value >> BigInt(at)) & 1n));
  };
  let before: bigint | null = null;
  let window: { leading: number; length: number } | null = null;
  for (const number of new BigUint64Array(Float64Array.from(column).buffer)) {
    const differs: bigint = before === null ? 0n : number ^ before;
    if (before === null) push(number, 64);
    else if (differs === 0n) push(0n, 1);
    else {
      const text = differs.toString(2).padStart(64, "0");
      const leading = Math.min(LEADING_MAX, text.indexOf("1"));
      const trailing = 63 - text.lastIndexOf("1");
      if (window !== null && leading >= window.leading && trailing >= 64 - window.leading - window.length) {
        push(0b10n, 2);
      } else {
        window = { leading, length: 64 - leading - trailing };
        push(0b11n, 2);
        push(BigInt(leading), 5);
        push(BigInt(window.length % 64), 6);
      }
      push(differs >> BigInt(64 - window.leading - window.length), window.length);
    }
    before = number;
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => {
    if (bit === 1) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7));
  });
  return bytes;
}
