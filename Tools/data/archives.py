"""Writes tar archives for Tests/KobaiDataTests: what Python's tarfile makes of them.

    python Tools/data/archives.py Tests/KobaiDataTests/Resources/archives.json
"""

import base64
import gzip
import io
import json
import sys
import tarfile

LONG = "folder/" + "/".join(["a-long-name-of-a-folder"] * 8) + "/file.bin"


def archive(format, entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for path, content in entries:
            info = tarfile.TarInfo(path)
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)
    data = out.getvalue()
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


files = [
    ("folder", None),
    ("folder/empty.bin", b""),
    ("folder/block.bin", bytes(range(256)) * 2),
    ("folder/some.bin", b"kobai" * 201),
]
names = files + [(LONG, b"far away"), ("folder/\u5b57.txt", b"character")]

result = {
    "good": {
        "ustar": archive(tarfile.USTAR_FORMAT, files + [(LONG, b"far away")]),
        "gnu": archive(tarfile.GNU_FORMAT, names),
        "pax": archive(tarfile.PAX_FORMAT, names),
    },
    "long": LONG,
    "refused": {
        "parent": archive(tarfile.GNU_FORMAT, [("folder/../../outside", b"x")]),
        "absolute": archive(tarfile.GNU_FORMAT, [("/outside", b"x")]),
        "pax parent": archive(tarfile.PAX_FORMAT, [("../" + LONG, b"x")]),
        "symbolic link": archive(tarfile.GNU_FORMAT, [("link", (tarfile.SYMTYPE, "/etc/passwd"))]),
        "hard link": archive(tarfile.GNU_FORMAT, [("link", (tarfile.LNKTYPE, "/etc/passwd"))]),
        "device": archive(tarfile.GNU_FORMAT, [("null", (tarfile.CHRTYPE, ""))]),
        "pipe": archive(tarfile.GNU_FORMAT, [("pipe", (tarfile.FIFOTYPE, ""))]),
    },
}
with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
