/** What Step Functions hands on when a state has failed, as a sentence. */
import * as z from "zod";

export const Caught = z.looseObject({ Error: z.string().optional(), Cause: z.string().optional() });
export type Caught = z.infer<typeof Caught>;

/** Lambda's cause is JSON with a message in it; Step Functions' own is a sentence. */
export function causeOf({ Error: name, Cause: cause }: Caught): string {
  const text = cause ?? "";
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "errorMessage" in parsed) return `${name ?? "Error"}: ${String(parsed.errorMessage)}`;
  } catch {
    // A sentence, not JSON: said as it is.
  }
  return `${name ?? "Error"}: ${text}`;
}
