/** Which half of the series the detector was tuned on, by the hash of the file's name: nothing about a series decides where it goes. */
import { createHash } from "node:crypto";

export function halfOf({ group, file }: { readonly group: string; readonly file: string }): "tune" | "report" {
  const [byte = 0] = createHash("sha256").update(`${group}/${file}`).digest();
  return byte % 2 === 0 ? "tune" : "report";
}
