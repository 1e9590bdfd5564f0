/** How far automation may go with a role. Apart from the fleet's shape, since records need the word and not the file. */
import * as z from "zod";

export const Mode = z.enum(["shadow", "recommend", "approve", "auto"]);
export type Mode = z.infer<typeof Mode>;
