/** Where a thread of the vault's labour begins: with the compiled code of the run before, which halves the time to its first task. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./labour-thread.ts");
