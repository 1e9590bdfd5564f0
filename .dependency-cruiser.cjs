/**
 * The arrows of the house: which ring may import which, which module which. test/house/arrows.test.ts runs it over
 * the whole tree, in `npm test`, and shows that each rule can fail. CommonJS, since that is what the tool reads.
 *
 * It reads TypeScript by @swc/core; without that it passes on zero modules, so whoever calls it also counts what it read.
 */

/** Ring → the rings it may import, itself included. The order is the order of the arrows: nothing points up. */
const RINGS = {
  core: ["core"],
  adapters: ["adapters", "core"],
  layers: ["layers"],
  functions: ["functions", "adapters", "core"],
  agent: ["agent", "adapters", "core"],
  cli: ["cli", "adapters", "core"],
  schemas: ["schemas", "core"],
  infra: ["infra", "layers", "adapters", "core"],
  localstack: ["localstack", "infra", "layers", "agent", "cli", "adapters", "core"],
  bench: ["bench", "localstack", "infra", "layers", "functions", "agent", "cli", "adapters", "core"],
  test: ["test", "bench", "localstack", "infra", "layers", "schemas", "functions", "agent", "cli", "adapters", "core"],
};

const ringRules = Object.entries(RINGS).map(([ring, allowed]) => ({
  name: `${ring}-imports-only-inward`,
  comment: `${ring}/ may import ${allowed.join(", ")} and nothing else of ours.`,
  severity: "error",
  from: { path: `^${ring}/` },
  to: { path: `^(${Object.keys(RINGS).join("|")})/`, pathNot: `^(${allowed.join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...ringRules,
    {
      name: "core-is-pure",
      comment:
        "core/ decides and does nothing: of the world outside it knows zod's shapes, node:crypto's hashes and ciphers and node:zlib's " +
        "compression, which compute and touch nothing, and keccak from @noble/hashes, since Ethereum's hash is not among node:crypto's " +
        "(SHA-3 as it was later made a standard pads otherwise).",
      severity: "error",
      from: { path: "^core/" },
      to: {
        pathNot: [
          "^core/",
          "(^|/)node_modules/zod/",
          "^zod$",
          "^(node:)?(crypto|zlib)$",
          "(^|/)node_modules/@noble/hashes/(esm/)?(sha3|utils)\\.js$",
        ],
      },
    },
    {
      name: "core-modules-meet-in-the-kernel",
      comment: "A module of core/ never imports another: they share the kernel's words, and events.",
      severity: "error",
      from: { path: "^core/([^/]+)/" },
      to: { path: "^core/", pathNot: ["^core/kernel/", "^core/$1/"] },
    },
    {
      name: "the-kernel-stands-alone",
      comment: "What every module shares depends on none of them.",
      severity: "error",
      from: { path: "^core/kernel/" },
      to: { path: "^core/", pathNot: "^core/kernel/" },
    },
    {
      name: "function-modules-keep-apart",
      comment: "functions/<module> is that module's own; what two need belongs to core or to an adapter.",
      severity: "error",
      from: { path: "^functions/([^/]+)/" },
      to: { path: "^functions/[^/]+/", pathNot: "^functions/$1/" },
    },
    {
      name: "what-functions-share-is-no-modules",
      comment: "functions/lambda.ts and functions/orders.ts serve every module, so they know none; nothing else is shared there.",
      severity: "error",
      from: { path: "^functions/[^/]+\\.ts$" },
      to: { path: "^functions/[^/]+/" },
    },
    {
      name: "functions-share-four-files",
      comment: "What else two modules need belongs to core or to an adapter.",
      severity: "error",
      from: { path: "^functions/" },
      to: { path: "^functions/[^/]+\\.ts$", pathNot: "^functions/(lambda|orders|preemption-step|recorded-incident)\\.ts$" },
    },
    {
      name: "infra-declares-and-does-not-decide",
      comment: "Stacks know names, settings and the fleet file; the code they deploy they name by path.",
      severity: "error",
      from: { path: "^infra/" },
      to: {
        path: "^(core|adapters)/",
        pathNot: ["^core/kernel/", "^core/failover/stateful-failover/registry-regions\\.ts$", "^adapters/fleet-yaml\\.ts$"],
      },
    },
    {
      name: "nothing-ships-what-only-develops",
      comment: "What runs at an operator's must be in package.json's dependencies.",
      severity: "error",
      from: { path: "^(core|adapters|agent|cli)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "every-import-exists",
      comment: "An import that cannot be found is checked by nothing else in this file. aws-lambda is a package of types alone.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^aws-lambda$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};
