/** `ha label <alert> <true|false>`: an operator's word on an alert. The threshold hears of it at its next look. */
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { type Alert, LABELS_MAX } from "../../core/kernel/prediction.ts";
import { type Command, textOption } from "../command.ts";
import { LIST_MAX, noSuch } from "../names.ts";

export const labelCommand: Command = {
  usage: "label <alert> <real>",
  summary: "say of an alert whether it was real: its threshold learns from it",
  examples: [
    ["$0 label n2.latencyMs-20261125T120000000 false", "a false alarm: its threshold becomes less watchful"],
    ["$0 label n2.latencyMs-20261125T120000000 true", "a real one: its threshold becomes more watchful"],
  ],
  build: (argv) =>
    argv
      .positional("alert", { type: "string", demandOption: true, describe: "the alert's id, as `ha predictions` shows it" })
      .positional("real", { choices: ["true", "false"], demandOption: true, describe: "whether something was the matter" }),
  async run(options, { registry, clock, requestedBy: by }) {
    const id = textOption(options, "alert") ?? "";
    const real = options.real === "true";
    const found = await registry.read("alert", id);
    if (found.kind === "absent") throw noSuch("alert", id, await openAlerts(registry), "`ha predictions` shows the open ones.");
    const { node, signal } = found.value;
    const atMs = clock.wallMs();
    await updateRecord(registry, "alert", id, (current) => {
      const next: Alert = { ...(current ?? found.value), label: { real, by, atMs, heard: false } };
      return { kind: "write" as const, next };
    });
    await updateRecord(registry, "openAlerts", node, (current) => {
      const labels = [...(current?.labels ?? []), { alert: id, signal, real, atMs }].slice(-LABELS_MAX);
      return { kind: "write" as const, next: { ...(current ?? { node, judgedUntilMs: 0, open: [] }), labels } };
    });
    const learns = real ? "its threshold becomes more watchful" : "its threshold becomes less watchful";
    return { data: { schema: 1, alert: id, real, by }, text: `${id} is ${real ? "real" : "a false alarm"}: ${learns}, from the next look on.` };
  },
};

async function openAlerts(registry: Registry): Promise<string[]> {
  return (await registry.list("openAlerts", { limit: LIST_MAX })).flatMap(({ value }) => value.open.map(({ id }) => id));
}
