/** No figure of README's is typed: its section holds what the benches left, to the letter. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { renderFigures, withFigures } from "../../bench/figures.ts";

it("README's figures are those of bench/figures/; `npm run figures` writes them", () => {
  const readme = readFileSync("README.md", "utf8");
  expect(withFigures(readme, renderFigures())).toBe(readme);
});

it("a README without the marks is refused rather than appended to", () => {
  expect(() => withFigures("# Synnergy HA\n", "x")).toThrow("figures:begin");
});
