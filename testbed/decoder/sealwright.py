"""Reader of message format 1. Section numbers are those of docs/FORMAT.md."""

import base64
import binascii
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

MALFORMED = "KMS_MESSAGE_MALFORMED"
VERSION_UNSUPPORTED = "KMS_VERSION_UNSUPPORTED"
EXTENSION_UNSUPPORTED = "KMS_EXTENSION_UNSUPPORTED"
LEVEL_REFUSED = "KMS_LEVEL_REFUSED"
LEVEL_UNSUPPORTED = "KMS_LEVEL_UNSUPPORTED"
ORIGIN_REFUSED = "KMS_ORIGIN_REFUSED"
SUITE_UNSUPPORTED = "KMS_SUITE_UNSUPPORTED"
NO_MATCHING_RECIPIENT = "KMS_NO_MATCHING_RECIPIENT"
AUTHENTICATION_FAILED = "KMS_AUTHENTICATION_FAILED"

MAGIC = bytes.fromhex("8b534c57")
DIRECT, ENVELOPE, SOURCES, PADS, CLEAR = 1, 2, 3, 4, 5
PUBLIC = 1
MASTER_KEY, NAMED_KEY, PASSPHRASE = 1, 2, 3
PBKDF2, ARGON2ID = 1, 2
DATA_KEY_PURPOSE = 1

MAX_HEADER = 65536
MAX_PADS_HEADER = 1048576
MAX_CONTEXT = 8192
MAX_NAME = 8188
MAX_VALUE = 8187
MAX_EXTENSIONS = 32
MAX_RECIPIENTS = 64
MAX_RECIPIENT_ID = 2048
MAX_WRAP = 8192
MAX_BANK_NAME = 1024
MAX_PADS = 65534
MAX_GCM_TEXT = 65536
CHUNK = 16384
MAX_CHUNKS = 1 << 38
TAG = 16
STREAM_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"


class MessageError(Exception):
    """The one error of this reader; code is that of the page."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code + (": " + detail if detail else ""))
        self.code = code


# ---------------------------------------------------------------- primitives

def hmac_sha512(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, hashes.SHA512())
    mac.update(data)
    return mac.finalize()


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA512(), length, info).derive(prk)


def aes_block(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right))


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, additional: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, additional)
    except InvalidTag:
        raise MessageError(AUTHENTICATION_FAILED, "tag") from None


def xaes_open(key: bytes, nonce: bytes, sealed: bytes, additional: bytes) -> bytes:
    """XAES-256-GCM, section 7."""
    last = aes_block(key, bytes(16))
    k1 = bytearray(((int.from_bytes(last, "big") << 1) & ((1 << 128) - 1)).to_bytes(16, "big"))
    if last[0] & 0x80:
        k1[15] ^= 0x87
    derived = b"".join(
        aes_block(key, xor(bytes((0, counter, 0x58, 0)) + nonce[:12], k1)) for counter in (1, 2))
    return gcm_open(derived, nonce[12:24], sealed, additional)


# ---------------------------------------------------------------- the header

class Recipient(NamedTuple):
    kind: int
    id: bytes
    wrap: bytes


class Header(NamedTuple):
    suite: int
    level: int
    form: int
    flags: int
    context: bytes
    salt: bytes
    critical_extensions: List[Tuple[int, bytes]]
    skippable_extensions: List[Tuple[int, bytes]]
    immutable: bytes
    direct_kind: int
    direct_key_id: bytes
    commitment: bytes
    wanted: int
    recipients: List[Recipient]
    mac_input: bytes
    mac: bytes
    length: int


class _Bytes:
    """A cursor that never passes the end of the bytes, or the limit of a header."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.limit = MAX_HEADER

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise MessageError(MALFORMED, "ends within the header")
        if end > self.limit:
            raise MessageError(MALFORMED, "header too long")
        taken = self.data[self.position:end]
        self.position = end
        return taken

    def number(self, size: int, least: int, most: int) -> int:
        value = int.from_bytes(self.take(size), "big")
        if not least <= value <= most:
            raise MessageError(MALFORMED, "number out of range")
        return value


def check_context(context: bytes) -> None:
    """Section 2: whole pairs, UTF-8, names ascending and not reserved."""
    cursor = _Bytes(context)
    previous = None  # type: Optional[bytes]
    while cursor.position < len(context):
        name = cursor.take(cursor.number(2, 1, MAX_NAME))
        value = cursor.take(cursor.number(2, 0, MAX_VALUE))
        for text in (name, value):
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                raise MessageError(MALFORMED, "context is not UTF-8") from None
        if name.startswith(b"sealwright:"):
            raise MessageError(MALFORMED, "reserved name")
        if previous is not None and name <= previous:
            raise MessageError(MALFORMED, "names out of order")
        previous = name


def encode_context(pairs: Sequence[Tuple[str, str]]) -> bytes:
    """The one encoding of the pairs that a caller states."""
    encoded = sorted((name.encode("utf-8"), value.encode("utf-8")) for name, value in pairs)
    return b"".join(
        len(part).to_bytes(2, "big") + part for pair in encoded for part in pair)


def _read_extensions(cursor: _Bytes, room: int) -> List[Tuple[int, bytes]]:
    extensions = []  # type: List[Tuple[int, bytes]]
    for _ in range(cursor.number(1, 0, room)):
        identifier = cursor.number(2, 0, 0xFFFF)
        if extensions and identifier <= extensions[-1][0]:
            raise MessageError(MALFORMED, "extensions out of order")
        extensions.append((identifier, cursor.take(cursor.number(2, 0, 0xFFFF))))
    return extensions


def _read_recipients(cursor: _Bytes, public: bool) -> Tuple[int, List[Recipient]]:
    wanted = cursor.number(1, 1, MAX_RECIPIENTS)
    recipients = []
    for _ in range(cursor.number(1, 1, MAX_RECIPIENTS)):
        kind = cursor.number(1, 1, 255)
        if 16 <= kind <= 31 and not public:
            raise MessageError(MALFORMED, "public key without the flag")
        identifier = cursor.take(cursor.number(2, 1, MAX_RECIPIENT_ID))
        wrap = cursor.take(cursor.number(2, 1, MAX_WRAP))
        recipients.append(Recipient(kind, identifier, wrap))
    return wanted, recipients


def parse_header(message: bytes) -> Header:
    """Steps 1 to 5 of section 10."""
    cursor = _Bytes(message)
    if cursor.take(4) != MAGIC:
        raise MessageError(MALFORMED, "magic")
    if cursor.number(1, 0, 255) != 1:
        raise MessageError(VERSION_UNSUPPORTED)
    suite = cursor.number(1, 0, 255)
    level = cursor.number(1, 0, 255)
    form = cursor.number(1, 0, 255)
    if not DIRECT <= form <= CLEAR:
        raise MessageError(EXTENSION_UNSUPPORTED, "form")
    flags = cursor.number(2, 0, 0xFFFF)
    if flags & ~PUBLIC:
        raise MessageError(EXTENSION_UNSUPPORTED, "flags")
    public = bool(flags & PUBLIC)

    context = cursor.take(cursor.number(2, 0, MAX_CONTEXT))
    check_context(context)
    keyed = form in (DIRECT, ENVELOPE, SOURCES)
    salt = cursor.take(32) if keyed else b""
    critical = _read_extensions(cursor, MAX_EXTENSIONS)
    skippable = _read_extensions(cursor, MAX_EXTENSIONS - len(critical))

    direct_kind, direct_key_id = 0, b""
    has_recipients = form == ENVELOPE
    if form == DIRECT:
        direct_kind = cursor.number(1, 1, 255)
        direct_key_id = cursor.take(16)
    elif form == SOURCES:
        has_recipients = bool(cursor.number(1, 1, 7) & 6)
        cursor.take(16 * cursor.number(1, 0, 255))
    elif form == PADS:
        cursor.limit = MAX_PADS_HEADER
        cursor.take(cursor.number(2, 0, MAX_BANK_NAME))
        cursor.take(1)
        cursor.take(16 * cursor.number(4, 0, MAX_PADS))
    if public and not has_recipients:
        raise MessageError(MALFORMED, "public without recipients")
    immutable = message[:cursor.position]

    commitment = cursor.take(32) if keyed else b""
    wanted, recipients, mac_input, mac = 0, [], b"", b""  # type: int, List[Recipient], bytes, bytes
    if has_recipients:
        wanted, recipients = _read_recipients(cursor, public)
        mac_input = message[:cursor.position]
        mac = cursor.take(32)
    return Header(suite, level, form, flags, context, salt, critical, skippable, immutable,
                  direct_kind, direct_key_id, commitment, wanted, recipients, mac_input, mac,
                  cursor.position)


# ---------------------------------------------------------------- keys

class Key:
    """A key held in process, section 8."""

    def __init__(self, version_id: bytes, key: bytes) -> None:
        if len(version_id) != 16 or not 16 <= len(key) <= 64:
            raise ValueError("a version id has 16 bytes, a key 16 to 64")
        self.version_id = version_id
        self._prk = hmac_sha512(bytes(64), key)
        self.check = self.derive(b"check", 8)

    def derive(self, label: bytes, length: int) -> bytes:
        return hkdf_expand(self._prk, label, length)

    def unwrap(self, recipient: Recipient, context: bytes) -> Optional[bytes]:
        """The root, or None if the wrap gives none of 32 bytes."""
        if len(recipient.wrap) != 24 + 32 + TAG:
            return None
        additional = (b"sealwright/v1" + bytes((DATA_KEY_PURPOSE,)) + b"\x00\x10"
                      + recipient.id[:16] + context)
        try:
            return xaes_open(self.derive(b"wrap", 32), recipient.wrap[:24], recipient.wrap[24:],
                             additional)
        except MessageError:
            return None


class Passphrase:
    """A passphrase, section 8; stretched anew for each salt and set of parameters."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._stretched = {}  # type: Dict[bytes, Key]

    def unwrap(self, recipient: Recipient, context: bytes) -> Optional[bytes]:
        """The root, or None if the wrap gives none of 32 bytes."""
        head, wrap = recipient.wrap[:26], recipient.wrap[26:]
        if not _parameters_allowed(head):
            return None
        if head not in self._stretched:
            self._stretched[head] = Key(bytes(16), self._stretch(head))
        return self._stretched[head].unwrap(recipient._replace(wrap=wrap), context)

    def _stretch(self, head: bytes) -> bytes:
        kdf, passes, memory, lanes, salt = _parameters(head)
        if kdf == PBKDF2:
            return PBKDF2HMAC(hashes.SHA512(), 32, salt, passes).derive(self._text)
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
        return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes,
                        memory_cost=memory).derive(self._text)


def _parameters(head: bytes) -> Tuple[int, int, int, int, bytes]:
    return (head[0], int.from_bytes(head[1:5], "big"), int.from_bytes(head[5:9], "big"), head[9],
            head[10:26])


def _parameters_allowed(head: bytes) -> bool:
    """Section 8: refused before any work."""
    if len(head) < 26:
        return False
    kdf, passes, memory, lanes, _ = _parameters(head)
    if kdf == PBKDF2:
        return 210000 <= passes <= 10000000 and memory == 0 and lanes == 0
    return (kdf == ARGON2ID and 2 <= passes <= 10 and 19456 <= memory <= 1048576
            and 1 <= lanes <= 16)


class MessageKeys:
    """What is derived from a root, section 6."""

    def __init__(self, root: bytes, header: Header) -> None:
        self._prk = hmac_sha512(header.salt, root)
        self._immutable = header.immutable

    def derive(self, label: bytes) -> bytes:
        return hkdf_expand(self._prk, label + self._immutable, 32)

    def fit(self, header: Header) -> bool:
        """Whether commitment and, where there is one, MAC are those of this root."""
        if not constant_time.bytes_eq(self.derive(b"commit"), header.commitment):
            return False
        if not header.recipients:
            return True
        mac = hmac_sha512(self.derive(b"mac"), header.mac_input)[:32]
        return constant_time.bytes_eq(mac, header.mac)


# ---------------------------------------------------------------- bodies

def _open_gcm(keys: MessageKeys, body: bytes, associated_data: bytes, nonce_size: int) -> bytes:
    if not nonce_size + TAG <= len(body) <= nonce_size + MAX_GCM_TEXT + TAG:
        raise MessageError(AUTHENTICATION_FAILED, "length of the body")
    opener = gcm_open if nonce_size == 12 else xaes_open
    return opener(keys.derive(b"key"), body[:nonce_size], body[nonce_size:], associated_data)


def _open_chunked(keys: MessageKeys, body: bytes, associated_data: bytes) -> bytes:
    chunks = body[56:]
    whole, rest = divmod(len(chunks), CHUNK + TAG)
    if len(body) < 56 or rest < TAG or whole + 1 > MAX_CHUNKS:
        raise MessageError(AUTHENTICATION_FAILED, "length of the body")
    derived = hkdf_expand(keys.derive(b"stream"), STREAM_LABEL + body[:24] + associated_data, 76)
    key, base_nonce, commitment = derived[:32], derived[32:44], derived[44:]
    if not constant_time.bytes_eq(commitment, body[24:56]):
        raise MessageError(AUTHENTICATION_FAILED, "body commitment")
    plaintext = bytearray()
    for index in range(whole + 1):
        start = index * (CHUNK + TAG)
        nonce = xor(base_nonce, index.to_bytes(12, "big"))
        plaintext += gcm_open(key, nonce, chunks[start:start + CHUNK + TAG], b"")
    return bytes(plaintext)


def _open_body(suite: int, keys: MessageKeys, body: bytes, associated_data: bytes) -> bytes:
    if suite == 1:
        return _open_gcm(keys, body, associated_data, 12)
    if suite == 2:
        return _open_gcm(keys, body, associated_data, 24)
    return _open_chunked(keys, body, associated_data)


# ---------------------------------------------------------------- the reader

FORM_LEVELS = {DIRECT: (1, 4), ENVELOPE: (1, 4), SOURCES: (2,), PADS: (3,)}


class Opener:
    """Opens messages with the keys it is given. A second attempt gives the first one's answer."""

    def __init__(self, master_keys: Sequence[Key] = (), named_keys: Sequence[Key] = (),
                 allow_unencrypted: bool = False, levels: Sequence[int] = (1, 2, 3, 4),
                 passphrases: Sequence[bytes] = ()) -> None:
        self._passphrases = [Passphrase(text) for text in passphrases]
        self._keys = {MASTER_KEY: list(master_keys), NAMED_KEY: list(named_keys)}
        self._allow_unencrypted = allow_unencrypted
        self._levels = frozenset(levels)
        self._roots = {}  # type: Dict[bytes, bytes]

    def open_token(self, token: str, context: Sequence[Tuple[str, str]] = (),
                   associated_data: bytes = b"") -> bytes:
        return self.open(decode_token(token), context, associated_data)

    def open(self, message: bytes, context: Sequence[Tuple[str, str]] = (),
             associated_data: bytes = b"") -> bytes:
        header = parse_header(message)
        body = message[header.length:]
        stated = encode_context(context)
        if header.form == CLEAR:
            self._check_clear(header, stated, associated_data)
            return body
        self._check(header, stated)
        keys = self._find_keys(header, message[:header.length])
        return _open_body(header.suite, keys, body, associated_data)

    def _check_clear(self, header: Header, stated: bytes, associated_data: bytes) -> None:
        if header.level != 0 or header.suite != 0:
            raise MessageError(MALFORMED, "level or suite of the clear form")
        if header.critical_extensions:
            raise MessageError(EXTENSION_UNSUPPORTED, "critical extension")
        if not self._allow_unencrypted:
            raise MessageError(LEVEL_REFUSED, "unencrypted")
        if header.context != stated:
            raise MessageError(AUTHENTICATION_FAILED, "context")
        if associated_data:
            raise MessageError(LEVEL_REFUSED, "nothing binds the associated data")

    def _check(self, header: Header, stated: bytes) -> None:
        if header.critical_extensions:
            raise MessageError(EXTENSION_UNSUPPORTED, "critical extension")
        if header.level in (0, 5):
            raise MessageError(MALFORMED, "level")
        if not 1 <= header.level <= 4:
            raise MessageError(LEVEL_UNSUPPORTED)
        if header.level not in FORM_LEVELS[header.form]:
            raise MessageError(MALFORMED, "level does not fit the form")
        if header.level not in self._levels:
            raise MessageError(LEVEL_REFUSED)
        if header.flags & PUBLIC:
            raise MessageError(ORIGIN_REFUSED)
        if header.level != 1:
            raise MessageError(LEVEL_UNSUPPORTED)
        if header.suite not in (1, 2, 4):
            raise MessageError(SUITE_UNSUPPORTED)
        if header.context != stated:
            raise MessageError(AUTHENTICATION_FAILED, "context")

    def _find_keys(self, header: Header, header_bytes: bytes) -> MessageKeys:
        root = self._roots.get(header_bytes)
        if root is not None:
            return MessageKeys(root, header)
        found = self._direct_roots if header.form == DIRECT else self._recipient_roots
        for candidate in found(header):
            if candidate is None:
                continue
            keys = MessageKeys(candidate, header)
            if keys.fit(header):
                self._roots[header_bytes] = candidate
                return keys
        raise MessageError(AUTHENTICATION_FAILED, "no root fits")

    def _direct_roots(self, header: Header) -> List[Optional[bytes]]:
        if header.direct_kind == NAMED_KEY:
            for key in self._keys[NAMED_KEY]:
                if key.version_id == header.direct_key_id:
                    return [key.derive(b"direct", 32)]
        raise MessageError(NO_MATCHING_RECIPIENT)

    def _recipient_roots(self, header: Header) -> List[Optional[bytes]]:
        pairs = [(key, recipient) for recipient in header.recipients
                 for key in self._candidates(recipient)]
        if not pairs:
            raise MessageError(NO_MATCHING_RECIPIENT)
        return [key.unwrap(recipient, header.context) for key, recipient in pairs]

    def _candidates(self, recipient: Recipient) -> Sequence[Union[Key, Passphrase]]:
        if recipient.kind == PASSPHRASE:
            return self._passphrases if len(recipient.id) == 24 else ()
        return [key for key in self._keys.get(recipient.kind, ()) if _is_for(recipient, key)]


def _is_for(recipient: Recipient, key: Key) -> bool:
    """Section 5: a master key is found by its check, a named key's version by id and check."""
    if len(recipient.id) != 24 or recipient.id[16:] != key.check:
        return False
    return recipient.kind == MASTER_KEY or recipient.id[:16] == key.version_id


def decode_token(token: str) -> bytes:
    """Section 11: the one canonical spelling only."""
    if not re.fullmatch("[A-Za-z0-9_-]+", token):
        raise MessageError(MALFORMED, "token")
    try:
        message = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise MessageError(MALFORMED, "token") from None
    if base64.urlsafe_b64encode(message).rstrip(b"=").decode("ascii") != token:
        raise MessageError(MALFORMED, "token is not canonical")
    return message
