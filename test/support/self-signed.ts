/** A self-signed certificate for 127.0.0.1's sake, made of DER by hand: no openssl needed, no key in the repository. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OID = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const VERSION_3 = 0xa0;

const ECDSA_WITH_SHA256 = "06082a8648ce3d040302";
const COMMON_NAME = "550403";

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
}

export function selfSigned(name: string): { key: string; cert: string; sha256: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, Buffer.from(ECDSA_WITH_SHA256, "hex"));
  const named = der(SEQUENCE, der(SET, der(SEQUENCE, der(OID, Buffer.from(COMMON_NAME, "hex")), der(UTF8, Buffer.from(name)))));
  const validity = der(SEQUENCE, der(UTC_TIME, Buffer.from("200101000000Z")), der(UTC_TIME, Buffer.from("491231235959Z")));
  const version = der(VERSION_3, der(INTEGER, Buffer.from([2])));
  const spki = publicKey.export({ format: "der", type: "spki" });
  const facts = der(SEQUENCE, version, der(INTEGER, Buffer.from([1])), algorithm, named, validity, named, spki);
  const certificate = der(SEQUENCE, facts, algorithm, der(BIT_STRING, Buffer.from([0]), sign("sha256", facts, privateKey)));
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    sha256: createHash("sha256").update(certificate).digest("hex"),
  };
}
