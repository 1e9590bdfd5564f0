/**
 * What a reader can find wrong in a vault, each under a name of its own, since each asks for another step: a corrupt copy is
 * fetched from another Region, a foreign or a rolled-back one means that somebody put it there.
 */
import { Permanent } from "../../kernel/errors.ts";

/** Something in the vault is wrong; what it is says the name. */
export abstract class VaultFault extends Permanent {}

type At = { readonly object: string; readonly reason: string };

export class ObjectCorrupt extends VaultFault {
  override readonly name = "ObjectCorrupt";
  constructor({ object, reason }: At) {
    super(`${object} is damaged: ${reason}. Nothing of it was used; another Region's copy may be whole.`);
  }
}

export class ObjectTruncated extends VaultFault {
  override readonly name = "ObjectTruncated";
  constructor({ object, reason }: At) {
    super(`${object} ends too early: ${reason}. Nothing of it was used; another Region's copy may be whole.`);
  }
}

/** A whole and genuine object of this vault stands where another belongs. */
export class ObjectMisplaced extends VaultFault {
  override readonly name = "ObjectMisplaced";
  constructor({ object, reason }: At) {
    super(`${object} holds another object of this vault: ${reason}. Somebody exchanged or reordered objects; look at who may write there.`);
  }
}

export class ObjectForeign extends VaultFault {
  override readonly name = "ObjectForeign";
  constructor({ object, reason }: At) {
    super(`${object} was not written for this vault: ${reason}. Nothing of it was used.`);
  }
}

/** Something newer was known to be there. */
export class VaultRolledBack extends VaultFault {
  override readonly name = "VaultRolledBack";
  constructor({ object, reason }: At) {
    super(`${object} was put back to an older state: ${reason}. Object versions in the bucket may still hold the newer one.`);
  }
}

export class ObjectMissing extends VaultFault {
  override readonly name = "ObjectMissing";
  constructor({ object, reason }: At) {
    super(`${object} is not there: ${reason}.`);
  }
}

/** No key of the keyring opens it: a wrong passphrase, or a key that this keyring never had. */
export class KeyUnknown extends VaultFault {
  override readonly name = "KeyUnknown";
  constructor({ object, reason }: At) {
    super(`${object} cannot be opened: ${reason}. Nothing was changed.`);
  }
}

export class FormatUnknown extends VaultFault {
  override readonly name = "FormatUnknown";
  constructor({ object, reason }: At) {
    super(`${object} is of a format that this version does not read: ${reason}.`);
  }
}

/** For what another object can stand in for: null where it is damaged, and any other failure as it was. */
export function unlessDamaged(fault: unknown): null {
  if (fault instanceof VaultFault) return null;
  throw fault;
}
