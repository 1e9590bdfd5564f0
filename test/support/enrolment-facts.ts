/** A newcomer whom nothing speaks against, and ways to change one fact about it. */
import { EnrolledNode, EnrolmentBounds, EnrolmentRequest, EnrolmentToken } from "../../core/kernel/enrolment.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Enrolment, EnrolmentFacts } from "../../core/scaling/adaptive-resource-allocation/enrolment.ts";
import type { MemberView } from "../../core/scaling/adaptive-resource-allocation/enrolment-chain.ts";
import { hashToken } from "../../core/scaling/adaptive-resource-allocation/enrolment-token.ts";

export const NOW_MS = 1_750_000_000_000;
export const [SECRET, KEY, OTHER_KEY] = ["s", "k", "o"].map((letter) => letter.repeat(43)) as [string, string, string];
export const [GENESIS, BLOCK, OTHER_BLOCK] = ["1", "2", "3"].map((digit) => `0x${digit.repeat(64)}`) as [string, string, string];

export const request = EnrolmentRequest.parse({
  nodeId: "scale-1",
  publicKey: KEY,
  token: SECRET,
  instanceId: "i-0abc",
  endpoint: { rpc: "http://10.0.0.9:8545", agent: "https://10.0.0.9:9443" },
  chainId: 1337,
  genesisHash: GENESIS,
  finalized: { height: 100, hash: BLOCK },
});
export const token = EnrolmentToken.parse({
  instanceId: "i-0abc",
  tokenSha256: hashToken(SECRET),
  nodeId: "scale-1",
  region: "us-east-1",
  zone: "us-east-1a",
  host: "10.0.0.9",
  issuedAtMs: NOW_MS - 1_000,
  expiresAtMs: NOW_MS + 600_000,
  claim: null,
});
export const bounds = EnrolmentBounds.parse({ idPrefixes: ["scale-"], regions: ["us-east-1"], zones: ["us-east-1a"], nodesMax: 6 });
export const view = (index: number, changes: Partial<MemberView> = {}): MemberView => ({
  node: `n${index}` as NodeId,
  chainId: 1337,
  genesisHash: GENESIS,
  finalizedHeight: 101,
  hash: BLOCK,
  ...changes,
});
export const views = [0, 1, 2].map((index) => view(index));
export const members = [0, 1, 2].map((index) => ({
  nodeId: `n${index}`,
  publicKey: `${index}`.repeat(43),
  addresses: [`http://10.0.0.${index + 1}:8545`],
}));
export const good: EnrolmentFacts = {
  nowMs: NOW_MS,
  request,
  token,
  bounds,
  members,
  enrolled: [],
  chain: { chain: { chainId: 1337, genesisHash: GENESIS }, memberCount: 3, views },
};
export const asked = (changes: Partial<EnrolmentRequest>): Partial<EnrolmentFacts> => ({
  request: EnrolmentRequest.parse({ ...request, ...changes }),
});
export const chained = (changes: Partial<EnrolmentFacts["chain"]>): Partial<EnrolmentFacts> => ({ chain: { ...good.chain, ...changes } });
export const stored = (changes: Partial<EnrolmentToken>): Partial<EnrolmentFacts> => ({ token: { ...token, ...changes } });
export const wordOf = (decision: Enrolment): string => (decision.kind === "refused" ? decision.because : decision.kind);
export const entered = EnrolledNode.parse({
  nodeId: "scale-1",
  publicKey: KEY,
  instanceId: "i-0abc",
  endpoint: request.endpoint,
  region: "us-east-1",
  zone: "us-east-1a",
  enteredAtMs: NOW_MS - 50,
  removedAtMs: null,
});
export const claim = { publicKey: KEY, atMs: NOW_MS - 100 };
