/** What each function declares of itself is what its code does, no more and no less: its permissions are made from it. */
import { beforeAll, describe, expect, it } from "vitest";
import { RECORDS, type RecordKind } from "../../core/kernel/records.ts";
import type { VaultUse } from "../../infra/modules/declaration.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import { codeOf } from "./function-code.ts";

const isKind = (word: string): word is RecordKind => word in RECORDS;
function kinds(code: string, calls: RegExp): RecordKind[] {
  return [...new Set([...code.matchAll(calls)].map((match) => match[1] ?? "").filter(isKind))].toSorted();
}

/** What in a function's code is which use of the vault. */
const USES: Readonly<Record<VaultUse, RegExp>> = {
  reads: /\bopen(OrMake)?FleetKeyring\(/,
  makes: /\bopenOrMakeFleetKeyring\(/,
  proves: /\bproveVault\(/,
  repairs: /\bauditReplicas\(/,
  sweeps: /\bsweepVault\(/,
  "gives-access": /\.access\(/,
  "writes-ledger": /\b(?:storeLedgerBatch|completeLedgerBackup)\(/,
  "signs-ledger": /\bledgerSigner\(/,
};
/** How a function comes to buckets, keys and roles: by its world's vault. */
const VAULT = /\.vault\(\)|@aws-sdk\/client-(?:s3|kms|sts)/;

describe.each(ALL_FUNCTIONS.map((declaration) => ({ name: declaration.name, declaration })))("what $name declares", ({ declaration }) => {
  let code: string;
  beforeAll(async () => {
    code = await codeOf(declaration);
  });

  it("reads and writes exactly the kinds that it declares", () => {
    const changed = kinds(code, /\bupdateRecord\(\s*[\w.]+,\s*"(\w+)"/g);
    const written = kinds(code, /\.(?:write|remove)\(\s*"(\w+)"/g);
    const read = kinds(code, /\.(?:read|list)\(\s*"(\w+)"/g);
    expect([...new Set([...read, ...changed])].toSorted()).toEqual([...declaration.reads].toSorted());
    expect([...new Set([...written, ...changed])].toSorted()).toEqual([...declaration.writes].toSorted());
  });

  it("may sign for agents, reach the network and publish only if its code does so", () => {
    const commands = /\bagents\.call\(/.test(code);
    expect({
      commandsAgents: commands,
      reachesNetwork: commands || /\bnodes\.(?:probe|recentBlocks)\(|\bevmLedger\(|\.capacity\??\.?\(/.test(code),
      publishes: /\bbus\.publish\(/.test(code),
    }).toEqual({
      commandsAgents: declaration.commandsAgents,
      reachesNetwork: declaration.reachesNetwork,
      publishes: declaration.publishes,
    });
  });

  it("uses the vault as it declares, and a function that declares nothing meets neither a bucket nor a key", () => {
    const used = Object.entries(USES).flatMap(([use, word]) => (word.test(code) ? [use] : []));
    expect(used.toSorted()).toEqual([...(declaration.vault ?? [])].toSorted());
    expect(VAULT.test(code)).toBe(declaration.vault !== undefined);
  });

  it("uses the history and the models and reads metrics as it declares, and nothing of any if it declares nothing", () => {
    const history = /\barchiveVitals\(/.test(code) ? "writes" : /\.history\(\)/.test(code) ? "reads" : undefined;
    const models = /\bpromoteModel\(/.test(code) ? "writes" : /\.models\(\)/.test(code) ? "reads" : undefined;
    expect({ history, models, readsMetrics: /\.namedMetrics\(\)/.test(code) }).toEqual({
      history: declaration.history,
      models: declaration.models,
      readsMetrics: declaration.readsMetrics === true,
    });
  });

  it("looks at groups of units or moves them as it declares", () => {
    const asks = /\.capacity\??\.?\(/.test(code);
    const moves = /\.(?:raise|complete)\(/.test(code);
    expect(asks ? (moves ? "moves" : "looks") : undefined).toBe(declaration.capacity);
  });

  it("starts a workflow only if its code does so", () => {
    expect(/\bworkflows\.start\(/.test(code)).toBe(declaration.starts !== undefined);
  });
});
