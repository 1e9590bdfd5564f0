/**
 * How large a ledger may be, piece by piece. A stored segment is read back years later, perhaps from a disk that lies: each
 * length in it is held to one of these before a byte is copied.
 */

/** As many as an era1 file holds: a segment of these is a file of a few hundred MiB on a busy chain, and far less on ours. */
export const SEGMENT_BLOCKS_MAX = 8_192;
/** A block of 30 million gas has at most 1.9 MiB of calldata; its receipts at most 3.6 MiB of log data. Chains of ours may allow ten times that. */
export const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
/** Held in memory while it is cut and while it is verified, once each. */
export const SEGMENT_BYTES_MAX = 512 * 1024 * 1024;
/** At 21,000 gas each, a block of 1.3 billion gas. */
export const BLOCK_TRANSACTIONS_MAX = 65_536;
/** A log costs 375 gas and is four items: what 190 million gas can write. Each item costs memory, however few its bytes. */
export const RLP_ITEMS_MAX = 2 ** 21;
/** The deepest is a block's receipts' receipt's logs' log's topics' topic; two more for what is not foreseen. */
export const RLP_DEPTH_MAX = 8;
/** Proof-of-authority chains keep their validators' signatures here: 500 of 65 bytes. */
export const EXTRA_DATA_BYTES_MAX = 32 * 1024;
