"""Opens every vector of a folder twice and checks what comes of it."""

import hashlib
import json
import sys
import traceback
import zlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

from sealwright import Key, MessageError, Opener

FIELDS = {"name", "description", "result", "masterKeys", "namedKeys", "passphrases", "context", "associatedData",
          "allowUnencrypted", "message", "messageZlib", "token", "plaintext", "plaintextLength",
          "plaintextSha512", "messageFields", "steps"}
CARRIERS = ("message", "messageZlib", "token")


def keys_of(entries: List[Dict[str, str]]) -> List[Key]:
    return [Key(bytes.fromhex(entry["versionId"]), bytes.fromhex(entry["key"])) for entry in entries]


def fault_of_schema(vector: Dict[str, Any]) -> Optional[str]:
    unknown = set(vector) - FIELDS
    if unknown:
        return "unknown fields: " + ", ".join(sorted(unknown))
    if sum(carrier in vector for carrier in CARRIERS) != 1:
        return "not exactly one of " + ", ".join(CARRIERS)
    by_digest = "plaintextLength" in vector and "plaintextSha512" in vector
    if vector["result"] == "ok" and ("plaintext" in vector) == by_digest:
        return "no plaintext, or two"
    return None


def fault_of_result(vector: Dict[str, Any], opener: Opener) -> Optional[str]:
    """Opens a vector once; says what is wrong, or None."""
    context = [(name, value) for name, value in vector["context"]]
    associated_data = bytes.fromhex(vector["associatedData"])
    expected = vector["result"]
    try:
        if "token" in vector:
            plaintext = opener.open_token(vector["token"], context, associated_data)
        else:
            plaintext = opener.open(message_of(vector), context, associated_data)
    except MessageError as error:
        return None if error.code == expected else "expected %s, got %s" % (expected, error)
    if expected != "ok":
        return "expected %s, but it opened" % expected
    if "plaintext" in vector:
        right = plaintext == bytes.fromhex(vector["plaintext"])
    else:
        right = (len(plaintext) == vector["plaintextLength"]
                 and hashlib.sha512(plaintext).hexdigest() == vector["plaintextSha512"])
    return None if right else "wrong plaintext"


def message_of(vector: Dict[str, Any]) -> bytes:
    if "message" in vector:
        return bytes.fromhex(vector["message"])
    return zlib.decompress(bytes.fromhex(vector["messageZlib"]))


def fault_of_fields(vector: Dict[str, Any]) -> Optional[str]:
    if "messageFields" not in vector or "token" in vector:
        return None
    fields = bytes.fromhex("".join(vector["messageFields"].values()))
    return None if fields == message_of(vector) else "messageFields are not the message"


def fault_of(vector: Dict[str, Any]) -> Optional[str]:
    try:
        fault = fault_of_schema(vector) or fault_of_fields(vector)
        if fault:
            return fault
        opener = Opener(keys_of(vector["masterKeys"]), keys_of(vector["namedKeys"]),
                        vector["allowUnencrypted"],
                        passphrases=[bytes.fromhex(text) for text in vector.get("passphrases", ())])
        for attempt in ("first", "second"):
            fault = fault_of_result(vector, opener)
            if fault:
                return attempt + " attempt: " + fault
        return None
    except Exception:  # no input may end in anything but a result or a MessageError
        return "unexpected error: " + traceback.format_exc().strip().splitlines()[-1]


def check(folder: Path) -> int:
    index = json.loads((folder / "index.json").read_text("ascii"))
    failures = []  # type: List[str]
    passed = 0
    names = set()  # type: Set[str]
    listed = [entry["file"] for entry in index["files"]]
    there = {path.name for path in folder.glob("*.json")} - {"index.json"}
    if sorted(listed) != sorted(there):
        failures.append("index.json: files listed and files there differ")
    total = 0
    for entry in index["files"]:
        if entry["file"] not in there:
            continue
        vectors = json.loads((folder / entry["file"]).read_text("ascii"))["vectors"]
        total += len(vectors)
        if len(vectors) != entry["vectors"]:
            failures.append("index.json: %s has %d vectors, not %d"
                            % (entry["file"], len(vectors), entry["vectors"]))
        for vector in vectors:
            label = "%s: %s" % (entry["file"], vector["name"])
            fault = "name stands twice" if vector["name"] in names else fault_of(vector)
            names.add(vector["name"])
            if fault:
                failures.append("%s: %s" % (label, fault))
            else:
                passed += 1
    if total != index["vectors"]:
        failures.append("index.json: %d vectors in all, not %d" % (total, index["vectors"]))
    print("%d passed, %d failed" % (passed, len(failures)))
    for failure in failures:
        print("FAILED " + failure)
    return 1 if failures or not passed else 0


def main(arguments: List[str]) -> int:
    if len(arguments) != 1:
        print("usage: check_vectors.py FOLDER", file=sys.stderr)
        return 2
    return check(Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
