"""Writes the files that Tests/KobaiFormatsTests reads: made by other programs than Kobai.

    python Tools/formats/make_resources.py Tests/KobaiFormatsTests/Resources

Needs Python 3.10 or later with NumPy, safetensors and Pillow.
"""

import csv
import gzip
import io
import json
import os
import struct
import sys
import zlib

out = sys.argv[1]
os.makedirs(out, exist_ok=True)


def save(name, value):
    with open(os.path.join(out, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=True)
        file.write("\n")


# --- compressed data -----------------------------------------------------------------------------


def gzip_member(data, flags=0, level=6):
    """A member with the header fields of RFC 1952 that `flags` names."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\x00\x00\x00\x00\x00\x03"
    if flags & 4:
        head += struct.pack("<H", 6) + b"KB\x02\x00xy"
    if flags & 8:
        head += b"name.txt\x00"
    if flags & 16:
        head += b"a comment\x00"
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    return head + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


text = b"Kobai: gradients. " * 40
packed = {
    "plain": gzip_member(text),
    "stored": gzip_member(text, level=0),
    "all header fields": gzip_member(text, 2 | 4 | 8 | 16),
    "two members": gzip_member(text[:100]) + gzip_member(text[100:], 8),
    "empty member between": gzip_member(text[:7]) + gzip_member(b"") + gzip_member(text[7:]),
    "padded": gzip_member(text) + bytes(512),
    "padded between": gzip_member(text[:9]) + bytes(3) + gzip_member(text[9:]),
    "python's gzip": gzip.compress(text, mtime=0),
}
faulty = {
    "empty": b"",
    "header cut": gzip_member(text)[:7],
    "data cut": gzip_member(text)[:30],
    "trailer cut": gzip_member(text)[:-3],
    "trailer missing": gzip_member(text)[:-8],
    "wrong CRC": gzip_member(text)[:-8] + b"\x00\x01\x02\x03" + gzip_member(text)[-4:],
    "wrong length": gzip_member(text)[:-4] + b"\x00\x01\x02\x03",
    "wrong header CRC": gzip_member(text, 2)[:10] + b"\x00\x00" + gzip_member(text, 2)[12:],
    "reserved flag": gzip_member(text)[:3] + b"\x80" + gzip_member(text)[4:],
    "unknown method": gzip_member(text)[:2] + b"\x07" + gzip_member(text)[3:],
    "garbage behind": gzip_member(text) + b"garbage",
    "second member cut": gzip_member(text) + gzip_member(text)[:20],
    "damaged": gzip_member(text)[:15] + b"\xff\xff\xff" + gzip_member(text)[18:],
}
for name, data in faulty.items():
    try:
        gzip.decompress(data)
        # Python takes an empty file, and looks at neither the header's CRC nor reserved flags.
        assert name in ("empty", "wrong header CRC", "reserved flag"), name
    except Exception:
        pass
for data in packed.values():
    assert gzip.decompress(data) == text
save(
    "compressed.json",
    {
        "text": text.decode(),
        "gzip": {name: data.hex() for name, data in packed.items()},
        "zlib": zlib.compress(text, 9).hex(),
        "faulty": {name: data.hex() for name, data in faulty.items()},
    },
)

# --- CSV -----------------------------------------------------------------------------------------

csv_texts = [
    "a,b,c\n1,2,3\n",
    "a,b,c\n1,2,3",
    "a,b,c\r\n1,2,3\r\n4,5,6\r\n",
    "a,b\r1,2\r3,4",
    ",\n,\n",
    "a,\n,b\n",
    '"a","b"\n"1","2"\n',
    '"a,b",c\n"d\ne",f\n',
    '"a\r\nb","c"\r\n"""quoted""",""\r\n',
    '"",""\n"""",x\n',
    'a""b,c"d\n5" disk,"6"" disk"\n',
    " a , b \n c,d \n",
    "x\ny\nz\n",
    '"x\n\n\ny",1\nz,2\n',
    "\u5e74,\u6708\n\u30a2\u30a4\u30b9,\U0001f600\n",
    "a;b,c\n1;2,3\n",
    "long field of more than sixteen bytes,another long field of more than that\n"
    "1234567,12345678\n123456789,1\n",
    "a,b\n" + "\n".join(f"{i},{i * i}" for i in range(50)) + "\n",
    '1,"' + "long quoted " * 20 + '"\n2,"' + 'with ""quotes"" ' * 9 + '"\n',
    "\ta\t,b\n\x00,c\n",
]
save(
    "csv.json",
    [
        {"text": t, "rows": [row for row in csv.reader(io.StringIO(t, newline=""), strict=True)]}
        for t in csv_texts
    ],
)
japanese = "\u5e74,\u6c17\u6e29(\u2103),\u2460\u8868\n2003,\uff76\uff85,\u30bd\u80fd\n"
with open(os.path.join(out, "japanese.sjis.csv"), "wb") as file:
    file.write(japanese.encode("cp932"))
with open(os.path.join(out, "japanese.csv"), "wb") as file:
    file.write(japanese.encode("utf-8-sig"))
