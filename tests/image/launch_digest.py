#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second implementation of the SNP launch digest of an IGVM file, to check 'igvm measure' against.

Written from the format's and the firmware's specifications alone: it shares no code and no language with the tool.
usage: launch_digest.py FILE qemu|library
       launch_digest.py --craft OUTPUT     a file with everything that makes digests differ
       launch_digest.py --id-block FILE    check the ID block of a signed image; prints both key digests
"""
import hashlib
import struct
import subprocess
import sys
import tempfile
import zlib

PAGE = 4096
KVM_VMSA = 0xFFFFFFFFF000
NORMAL, VMSA, ZERO, UNMEASURED, SECRETS, CPUID = 1, 2, 3, 4, 5, 6


def headers(data):
    magic, version, offset, size, total, checksum = struct.unpack_from("<6I", data)
    assert magic == 0x4D564749 and version in (1, 2) and total <= len(data)
    fixed = bytearray(data[: 24 if version == 1 else 32])
    fixed[20:24] = bytes(4)
    assert zlib.crc32(bytes(fixed) + data[offset : offset + size]) == checksum, "checksum"
    at = offset
    while at < offset + size:
        kind, length = struct.unpack_from("<2I", data, at)
        yield kind & 0x7FFFFFFF, data[at + 8 : at + 8 + length]
        at += 8 + (length + 7) // 8 * 8


def page_info(digest, kind, gpa, content):
    contents = hashlib.sha384(content).digest() if kind in (NORMAL, VMSA) else bytes(48)
    return hashlib.sha384(digest + contents + struct.pack("<HBB4xQ", 0x70, kind, 0, gpa)).digest()


def snp_mask(data):
    for kind, body in headers(data):
        if kind == 0x001 and body[5] == 2:
            return struct.unpack_from("<I", body)[0]
    raise SystemExit("no SEV-SNP platform")


def launched(data, loader):
    mask, areas, contexts = snp_mask(data), {}, []
    for kind, body in headers(data):
        if kind == 0x301:
            size, index, _ = struct.unpack("<QII", body)
            areas[index] = size
        elif kind == 0x302:
            gpa, its_mask, offset, flags, data_type, _ = struct.unpack("<QIIIHH", body)
            if not its_mask & mask or flags & 4:
                continue
            size = 512 * PAGE if flags & 1 else PAGE
            content = data[offset : offset + size] if offset else bytes(size)
            page_type = {0: NORMAL, 1: SECRETS, 2: CPUID, 3: CPUID}[data_type]
            if page_type == NORMAL and flags & 2:
                page_type = UNMEASURED
            elif page_type == NORMAL and not offset and loader == "qemu":
                page_type = ZERO
            for at in range(0, size, PAGE):
                yield page_type, gpa + at, content[at : at + PAGE]
        elif kind == 0x303:
            gpa, its_mask, index = struct.unpack("<QII", body)
            if its_mask & mask:
                for at in range(0, areas[index], PAGE):
                    yield UNMEASURED, gpa + at, None
        elif kind == 0x304:
            gpa, its_mask, offset, _, _ = struct.unpack("<QIIHH", body)
            if not its_mask & mask:
                continue
            page = (VMSA, gpa, data[offset : offset + PAGE])
            if loader == "qemu":
                contexts.append((VMSA, KVM_VMSA, page[2]))
            else:
                yield page
    yield from contexts


def launch_digest(data, loader):
    digest = bytes(48)
    for kind, gpa, content in launched(data, loader):
        digest = page_info(digest, kind, gpa, content)
    return digest.hex()


def craft():
    """Two platforms, pages without content, a large page, areas of several pages, a save area in front."""
    body, content = [], []
    start = 0x1000

    def add(kind, payload):
        body.append(struct.pack("<2I", kind, len(payload)) + payload + bytes(-len(payload) % 8))

    def put(byte, size=PAGE):
        offset = start + sum(len(c) for c in content)
        content.append(bytes((byte + i // 97) & 0xFF for i in range(size)))
        return offset

    def page(gpa, offset, mask=1, flags=0, kind=0):
        add(0x302, struct.pack("<QIIIHH", gpa, mask, offset, flags, kind, 0))

    add(0x001, struct.pack("<IBBHQ", 1, 2, 2, 1, 0))
    add(0x001, struct.pack("<IBBHQ", 2, 0, 0, 1, 0))
    add(0x101, struct.pack("<QII", 0x30000, 1, 0))
    add(0x301, struct.pack("<QII", 2 * PAGE, 7, 0))
    add(0x30C, struct.pack("<II", 7, 0))
    add(0x303, struct.pack("<QII", 0x9000, 1, 7))
    add(0x304, struct.pack("<QIIHH", KVM_VMSA, 1, put(9), 0, 0))
    page(0x1000, put(1))
    page(0x2000, 0)
    page(0x3000, 0, mask=2)
    page(0x4000, put(2), flags=2)
    page(0x5000, put(3), flags=4)
    page(0x6000, 0, kind=1)
    page(0x7000, put(4), kind=2)
    page(0x200000, put(5, 512 * PAGE), flags=1)
    joined = b"".join(body)
    assert len(joined) <= start - 24
    fixed = struct.pack("<5I", 0x4D564749, 1, 24, len(joined), start + sum(len(c) for c in content))
    checksum = zlib.crc32(fixed + bytes(4) + joined)
    return (fixed + struct.pack("<I", checksum) + joined).ljust(start, b"\0") + b"".join(content)


def point_pem(qx, qy):
    """A public key in PEM, put together by hand: the only algorithm is P-384."""
    import base64

    prefix = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")
    der = prefix + b"\x04" + qx[:48][::-1] + qy[:48][::-1]
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"


def der_integer(number):
    raw = number[:48][::-1].lstrip(b"\0") or b"\0"
    raw = b"\0" + raw if raw[0] & 0x80 else raw
    return b"\x02" + bytes([len(raw)]) + raw


def verify(qx, qy, message, r, s):
    with tempfile.TemporaryDirectory() as work:
        both = der_integer(r) + der_integer(s)
        for name, content in (("key", point_pem(qx, qy)), ("message", message), ("sig", b"\x30" + bytes([len(both)]) + both)):
            with open(f"{work}/{name}", "wb") as file:
                file.write(content)
        command = ["openssl", "dgst", "-sha384", "-verify", f"{work}/key", "-signature", f"{work}/sig", f"{work}/message"]
        return subprocess.run(command, capture_output=True).returncode == 0


def check_id_block(data):
    policy = next(struct.unpack_from("<Q", body)[0] for kind, body in headers(data) if kind == 0x101)
    body = next(body for kind, body in headers(data) if kind == 0x30B)
    assert len(body) == 0x2B8
    block = body[8:0x38] + body[0x38:0x58] + body[0x58:0x60] + struct.pack("<Q", policy)
    assert body[8:0x38].hex() == launch_digest(data, "qemu"), "digest"
    number = lambda at: body[at : at + 72]
    id_key = struct.pack("<I", 2) + number(0x100) + number(0x148) + bytes(0x404 - 148)
    assert verify(number(0x100), number(0x148), block, number(0x68), number(0xB0)), "ID block signature"
    print(hashlib.sha384(id_key).hexdigest())
    if body[4]:
        author = struct.pack("<I", 2) + number(0x228) + number(0x270) + bytes(0x404 - 148)
        assert verify(number(0x228), number(0x270), id_key, number(0x190), number(0x1D8)), "ID key signature"
        print(hashlib.sha384(author).hexdigest())


def main():
    if sys.argv[1] == "--craft":
        with open(sys.argv[2], "wb") as file:
            file.write(craft())
        return
    with open(sys.argv[-1] if sys.argv[1] == "--id-block" else sys.argv[1], "rb") as file:
        data = file.read()
    if sys.argv[1] == "--id-block":
        check_id_block(data)
    else:
        print(launch_digest(data, sys.argv[2]))


main()
