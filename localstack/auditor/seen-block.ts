/** A block as the auditor keeps it, whatever branch it stood on and whether that branch still stands. */
export type SeenBlock = {
  readonly hash: string;
  readonly parentHash: string;
  readonly height: number;
  readonly slot: number;
  /** The coinbase, lower case. */
  readonly signer: string;
  /** The nodes at which it was seen, as head or on the way to one. */
  readonly nodes: readonly string[];
};
