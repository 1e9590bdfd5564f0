/** Where a thread of the vault's labour begins: with the compiled code of the run before. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./labour-thread.ts");
