/**
 * Where a thread of the vault's labour begins: with the compiled code of the run before. Plain JavaScript, since what is loaded before
 * that would have Node start its compiler for types, which takes longer than all the rest.
 */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./labour-thread.ts");
