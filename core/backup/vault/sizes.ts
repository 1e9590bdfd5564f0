/**
 * The vault's sizes, and why. All are part of format 1: a writer may not choose others, and a reader refuses what exceeds
 * them before it allocates a byte.
 */

/**
 * 32 KiB on average: a change of a few bytes costs one to two chunks, so small chunks keep increments near what really
 * changed; below that the 38 bytes that an index spends on a chunk begin to weigh.
 */
export const CHUNK_BYTES = { min: 16 * 1024, average: 32 * 1024, max: 128 * 1024 } as const;

/** What is compressed and sealed together: as long as zstd still gains by it, short enough to be read for a single chunk. */
export const BLOCK_BYTES = 1024 * 1024;
/** A block is closed by the chunk that fills it. */
export const BLOCK_BYTES_MAX = BLOCK_BYTES + CHUNK_BYTES.max;

/** 16 MiB: 65,536 requests a TiB (33 US cents at half a cent for a thousand of S3's PUT), small enough for one request, one retry and one copy to hold in memory. */
export const PACK_BYTES = 16 * 1024 * 1024;
/** A pack is closed when it has reached its size; blocks that were being sealed then still join it, and its table. */
export const PACK_BYTES_MAX = 2 * PACK_BYTES;
/** A gigabyte of zeros fits into a pack; it is closed then, so that its table stays small. */
export const BLOCKS_PER_PACK_MAX = 1_024;
/** Of the shortest chunks, such as each small file is one: a block is closed by so many as well, before it has its size. */
export const CHUNKS_PER_BLOCK_MAX = 65_536;
/** Whatever its bytes come to, a pack takes no more, so that its table, 36 bytes a chunk, stays below what a reader takes. */
export const CHUNKS_PER_PACK_MAX = 220_000;
export const TABLE_BYTES_MAX = 8 * 1024 * 1024;

/** One index holds at most this many chunks (36 MB): what comes to more is written as several. */
export const CHUNKS_PER_INDEX_MAX = 1_000_000;
export const INDEX_BYTES_MAX = 64 * 1024 * 1024;
/** What is known of a batch of segments: 64 of them in 2 KiB of JSON each are 128 KiB. */
export const BATCH_BYTES_MAX = 1024 * 1024;
export const INDEXES_PER_BACKUP_MAX = 4_096;
export const PACKS_PER_BACKUP_MAX = 200_000;
export const MANIFEST_BYTES_MAX = 32 * 1024 * 1024;
export const KEYRING_BYTES_MAX = 256 * 1024;
