#!/usr/bin/env python3
"""Verify an OpsFlux audit export offline. Needs Python 3.8 or later, nothing else, and no code of the product.

    AUDIT_KEY=… python3 verify_audit.py trail.jsonl [--anchors checkpoints.jsonl] [--head HEX]
    AUDIT_KEY=… python3 verify_audit.py audit-json-2026-11-21.zip     an extract: some entries, with a signed manifest

`--anchors` takes the checkpoints kept outside the database, `--head` a chain head from a digest mail: both show a chain whose tail was cut
before it was exported.

The key comes from AUDIT_KEY, or from the file named by AUDIT_KEY_FILE. It is the one with which the installation writes its trail: whoever
runs it has it in AUDIT_KEY (or the file of AUDIT_KEY_FILE) of its environment; on a machine of one's own, where none is set, in
$OPSFLUX_HOME/var/audit_key. Keep it secret: whoever has it can write a trail that looks whole.

Without the key everything is checked that needs none: an extract against the SHA-256 of its manifest, the number and order of entries, what
checkpoints, anchors, head and end say of the chain, and what was purged. Digests, links and signatures are HMACs and cannot be checked
without it: an export in which an entry and everything that counts it were written anew is not noticed then. That is never called whole.

Exit codes: 0 whole, 1 broken (the first bad row is named), 2 cannot be checked, 3 nothing wrong found, but not proved: the key is missing.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import uuid
import zipfile

WITHOUT = """AUDIT_KEY is not set. Nothing wrong was found in what needs no key: the file's SHA-256, the number and order of entries,
checkpoints and purges agree with one another. The digests, links and signatures are HMACs and were not checked: only the key
shows that nothing was written anew. Whoever runs the installation has it in AUDIT_KEY (or the file of AUDIT_KEY_FILE), on a machine
of one's own in $OPSFLUX_HOME/var/audit_key; --help says more.
"""


class Broken(Exception):
    """The trail is not whole."""


def derived(secret, purpose):
    """The key of a purpose; None without the secret."""
    return secret and hmac.new(secret, b"opsflux/audit/" + purpose.encode(), hashlib.sha256).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def signed(key, value):
    return hmac.new(key, canonical(value), hashlib.sha256).hexdigest()


def same(left, right):
    return hmac.compare_digest(left.encode(), right.encode())


def vouched(key, value, signature):
    """Whether a signature matches; without a key nobody can say that it does not."""
    return not key or same(signed(key, value), signature)


def check_checkpoint(key, said, heads, organisation, where):
    body = {name: said[name] for name in ("organisation_id", "seq", "head", "at")}
    if not vouched(key, body, said["signature"]):
        raise Broken("{} {}: its signature does not match".format(where, said["seq"]))
    if said["organisation_id"] != organisation:
        raise Broken("{} {} belongs to another organisation".format(where, said["seq"]))
    if heads.get(said["seq"]) != said["head"]:
        raise Broken("{} {} is not in the chain: it was cut or rewritten".format(where, said["seq"]))


class Purges:
    """What was removed when its time was over, and the entries that say so."""

    def __init__(self):
        self.hashes, self.said = {}, {}

    def take(self, line):
        removed = line["purged"]
        told = line["seq"].to_bytes(8, "big") + uuid.UUID(removed["id"]).bytes + bytes.fromhex(line["digest"])
        self.hashes.setdefault(removed["by"], hashlib.sha256()).update(told)

    def check(self):
        for purge, found in self.hashes.items():
            if self.said.get(purge) != found.hexdigest():
                raise Broken(f"entries were removed by the purge {purge}, which the trail does not know or knows otherwise")


def check_entry(keys, line, expected, previous, purges):
    entry, seq = line.get("entry") or line["purged"], line["seq"]
    if seq != expected:
        raise Broken(f"entry {expected} is missing")
    name = "entry {} ({})".format(seq, entry["id"])
    if "purged" in line:
        purges.take(line)
    elif not vouched(keys["entry"], entry, line["digest"]):
        raise Broken(f"{name} was changed: its digest does not match")
    elif entry["action"] == "audit.entry.purge":
        purges.said[entry["id"]] = entry["context"].get("sha256")
    told = previous + seq.to_bytes(8, "big") + uuid.UUID(entry["id"]).bytes + bytes.fromhex(line["digest"])
    link = hmac.new(keys["link"], told, hashlib.sha256).hexdigest() if keys["link"] else line["link"]
    if not same(link, line["link"]):
        raise Broken(f"{name}: its link does not follow from the one before")
    return bytes.fromhex(link)


def verify(lines, secret, anchors=(), head=""):
    """Check the lines of an export; gives the number of entries and the head. Raises Broken."""
    keys = {purpose: derived(secret, purpose) for purpose in ("entry", "link", "checkpoint")}
    organisation, previous, count, heads, ended, purges = "", bytes(32), 0, {}, None, Purges()
    for raw in lines:
        line = json.loads(raw)
        if ended:
            raise Broken("there are lines after the end")
        if "format" in line:
            organisation = line["organisation_id"]
        elif "entry" in line or "purged" in line:
            previous = check_entry(keys, line, count + 1, previous, purges)
            count += 1
            heads[count] = previous.hex()
            if "entry" in line and line["entry"]["organisation_id"] != organisation:
                raise Broken(f"entry {count} belongs to another organisation")
        elif "checkpoint" in line:
            check_checkpoint(keys["checkpoint"], line["checkpoint"], heads, organisation, "checkpoint")
        elif "end" in line:
            ended = line
    if not ended or not vouched(keys["checkpoint"], ended["end"], ended["signature"]):
        raise Broken("the export has no end of its own: its tail was cut")
    if ended["end"] != {"organisation_id": organisation, "entries": count, "head": previous.hex()}:
        raise Broken("the export says that it has {} entries and has {}".format(ended["end"]["entries"], count))
    purges.check()
    check_outside(keys, heads, organisation, anchors, head)
    return count, previous.hex()


def check_outside(keys, heads, organisation, anchors, head):
    """What was kept outside the database must be in the chain."""
    for raw in anchors:
        said = json.loads(raw)
        if said["organisation_id"] == organisation:
            check_checkpoint(keys["checkpoint"], said, heads, organisation, "anchor")
    if head and head not in heads.values():
        raise Broken(f"the head {head[:16]}… is not in the chain: its tail was cut or rewritten")


def verify_extract(path, secret):
    """Check a ZIP of some entries: the manifest's signature, the file's hash, and in JSON the digest of each entry. Raises Broken."""
    keys = {purpose: derived(secret, purpose) for purpose in ("entry", "checkpoint")}
    with zipfile.ZipFile(path) as packed:
        told = json.loads(packed.read("manifest.json"))
        content = packed.read(told["manifest"]["file"])
    said = told["manifest"]
    if not vouched(keys["checkpoint"], said, told["signature"]):
        raise Broken("the manifest was changed: its signature does not match")
    if not same(hashlib.sha256(content).hexdigest(), said["sha256"]):
        raise Broken("the file {} was changed: its SHA-256 is not that of the manifest".format(said["file"]))
    if said["file"].endswith(".json"):
        rows = json.loads(content.decode("utf-8"))
        for row in rows:
            if not vouched(keys["entry"], row["entry"], row["digest"]):
                raise Broken("entry {} was changed: its digest does not match".format(row["entry"]["id"]))
        if len(rows) != said["entries"]:
            raise Broken("the manifest says that there are {} entries and there are {}".format(said["entries"], len(rows)))
    return said["entries"], said["chain_head"]


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def key_given():
    """The key of the installation, from the environment; None when there is none."""
    secret = os.environ.get("AUDIT_KEY", "").strip()
    if not secret and os.environ.get("AUDIT_KEY_FILE"):
        with open(os.environ["AUDIT_KEY_FILE"], encoding="utf-8") as file:
            secret = file.read().strip()
    return secret.encode() or None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="the chain as JSON lines, or the ZIP of an extract")
    parser.add_argument("--anchors", help="checkpoints kept outside the database")
    parser.add_argument("--head", default="", help="a chain head that a digest mail carried")
    options = parser.parse_args()
    try:
        secret = key_given()
        anchors = read_lines(options.anchors) if options.anchors else []
        if zipfile.is_zipfile(options.export):
            count, head = verify_extract(options.export, secret)
        else:
            with open(options.export, encoding="utf-8") as file:
                count, head = verify(file, secret, anchors, options.head)
    except Broken as problem:
        sys.stdout.write(f"BROKEN: {problem}" + "\n")
        return 1
    except (OSError, ValueError, KeyError) as problem:
        sys.stderr.write(f"Cannot be checked: {problem}" + "\n")
        return 2
    if not secret:
        sys.stdout.write(f"NOT PROVED: {count} entries, head {head}\n" + WITHOUT)
        return 3
    sys.stdout.write(f"WHOLE: {count} entries, head {head}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
