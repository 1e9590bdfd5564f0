/**
 * The arrows between rings and between modules: functions, agent, cli → adapters → core. A module of core meets another only
 * in the kernel. test/house/arrows.test.ts shows that each rule can fail.
 */
const outside = "^(adapters|functions|agent|cli|infra|localstack|bench|test|schemas|layers)/";

module.exports = {
  forbidden: [
    { name: "core-is-pure", severity: "error", from: { path: "^core/" }, to: { path: outside } },
    {
      name: "core-needs-no-io",
      severity: "error",
      from: { path: "^core/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "modules-meet-in-the-kernel",
      severity: "error",
      from: { path: "^core/(redundancy|backup|recovery|scaling|failover|prediction)/" },
      to: { path: "^core/(redundancy|backup|recovery|scaling|failover|prediction)/", pathNot: "^core/$1/" },
    },
    { name: "kernel-knows-no-module", severity: "error", from: { path: "^core/kernel/" }, to: { path: "^core/(?!kernel/)" } },
    {
      name: "adapters-do-not-receive",
      severity: "error",
      from: { path: "^adapters/" },
      to: { path: "^(functions|agent|cli|infra|localstack|bench)/" },
    },
    { name: "functions-stand-alone", severity: "error", from: { path: "^functions/" }, to: { path: "^(agent|cli|infra|localstack|bench|test)/" } },
    { name: "agent-stands-alone", severity: "error", from: { path: "^agent/" }, to: { path: "^(functions|cli|infra|localstack|bench|test)/" } },
    { name: "cli-asks-only", severity: "error", from: { path: "^cli/" }, to: { path: "^(functions|agent|infra|localstack|bench|test)/" } },
    {
      name: "infra-declares-only",
      severity: "error",
      from: { path: "^infra/" },
      to: {
        path: "^(core|adapters|functions|agent|cli|localstack|bench|test|layers)/",
        pathNot: "^(core/kernel/|core/failover/stateful-failover/registry-regions\\.ts|adapters/fleet-yaml\\.ts|layers/)",
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(node_modules|cdk\\.out|\\.rehearsal|\\.venv|dist)/" },
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
