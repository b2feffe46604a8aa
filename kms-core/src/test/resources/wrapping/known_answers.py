"""Computes the values in WrappingKeyVectorTest and KeyFileTest, independently of this library.

Run: python3 known_answers.py (needs the package "cryptography"; its HKDF, AES-CMAC and AES-GCM are used).
"""
import base64
import hashlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(material, label, length):
    return HKDF(hashes.SHA512(), length, None, label).derive(material)


def xaes_256_gcm(key, nonce, plaintext, aad):
    def prf(counter):
        mac = CMAC(algorithms.AES(key))
        mac.update(struct.pack(">H", counter) + b"X\0" + nonce[:12])
        return mac.finalize()

    return AESGCM(prf(1) + prf(2)).encrypt(nonce[12:], plaintext, aad)


def encoded(pairs):
    return b"".join(
        struct.pack(">H", len(k)) + k + struct.pack(">H", len(v)) + v for k, v in sorted(pairs.items()))


material = bytes(range(32))
version_id = bytes(range(0xA0, 0xB0))
nonce = bytes(range(0xC0, 0xD8))
wrapped_key = bytes(range(0x40, 0x60))

for label, length in (("wrap", 32), ("check", 8), ("direct", 32), ("id", 16)):
    print(label, derive(material, label.encode(), length).hex())

for purpose, context in ((1, {b"tenant": b"acme", b"purpose": b"test"}), (3, {})):
    aad = b"sealwright/v1" + bytes([purpose]) + struct.pack(">H", 16) + version_id + encoded(context)
    sealed = xaes_256_gcm(derive(material, b"wrap", 32), nonce, wrapped_key, aad)
    print("aad", purpose, aad.hex())
    print("wrap", purpose, (nonce + sealed).hex())


def version(number, ident, state, date, key):
    token = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
    return f"version {number} {ident.hex()} {state} {date} key:{token}\n"


text = "sealwright-key 1\n"
text += version(1, bytes(range(16)), "retired", "2026-01-31T12:00:00Z", material)
text += version(2, version_id, "active", "2026-11-21T08:00:00Z", bytes(range(224, 256)))
print(text + "checksum " + hashlib.sha256(text.encode()).hexdigest())
