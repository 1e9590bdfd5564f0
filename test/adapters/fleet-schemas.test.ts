/** What is published under schemas/ is what the product parses, and the examples keep to it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { EVENTS } from "../../core/kernel/events.ts";
import { renderSchemas } from "../../schemas/generate.ts";

const ROOT = join(import.meta.dirname, "../..");
const rendered = renderSchemas();
const published = readdirSync(join(ROOT, "schemas"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".json"));
const ajv = new Ajv2020({ allErrors: true, formats: { uri: (text: string) => URL.canParse(text) } });

describe("published schemas", () => {
  it("are complete: the fleet file's and one for each event, and nothing beside them", () => {
    expect(published.toSorted()).toEqual(
      ["fleet.schema.json", ...Object.keys(EVENTS).map((name) => join("events", `${name}.schema.json`))].toSorted(),
    );
  });

  it.each([...rendered.keys()])("%s is not stale (npm run schemas writes it)", (path) => {
    expect(readFileSync(join(ROOT, "schemas", path), "utf8")).toBe(rendered.get(path));
  });

  it.each([...rendered.keys()])("%s is a schema that a strict validator takes", (path) => {
    expect(() => ajv.compile(JSON.parse(rendered.get(path) ?? ""))).not.toThrow();
  });
});

describe("examples against the published schema", () => {
  const validate = ajv.compile(JSON.parse(rendered.get("fleet.schema.json") ?? "") as object);
  const examples = readdirSync(join(ROOT, "examples"));

  it.each(examples)("%s names the schema for editors, and keeps to it", (name) => {
    const text = readFileSync(join(ROOT, "examples", name), "utf8");
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=../schemas/fleet.schema.json");
    expect(validate(parse(text)) ? [] : validate.errors).toEqual([]);
  });

  it("refuses a misspelt field, so that an editor underlines it", () => {
    const fleet = parse(readFileSync(join(ROOT, "examples", "rehearsal.fleet.yaml"), "utf8"));
    fleet.roles[0].leaseSecond = 10;
    expect(validate(fleet)).toBe(false);
  });
});
