"""Writes the files that Tests/KobaiFormatsTests reads: made by other programs than Kobai.

    python Tools/formats/make_resources.py Tests/KobaiFormatsTests/Resources

Needs Python 3.10 or later with NumPy, PyTorch, safetensors and pypng.
"""

import csv
import gzip
import io
import json
import os
import struct
import sys
import time
import zipfile
import zlib

import numpy as np
import png

# Archives are dated; the files should be the same each time.
zipfile.time = type("", (), {"time": time.time, "localtime": lambda *_: (1980, 1, 1, 0, 0, 0, 0, 0, 0)})

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

# --- NumPy ---------------------------------------------------------------------------------------

generator = np.random.default_rng(1)
arrays = []


def numpy_case(name, array, data=None, version=None):
    if data is None:
        file = io.BytesIO()
        np.lib.format.write_array(file, array, version=version)
        data = file.getvalue()
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    arrays.append(
        {
            "name": name,
            "file": data.hex(),
            "dtype": array.dtype.name,
            "shape": list(array.shape),
            "elements": plain.tobytes().hex(),
        }
    )


kinds = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
for kind in kinds:
    size = np.dtype(kind).itemsize
    raw = generator.integers(0, 2 if kind == "b1" else 127, 24 * size, dtype=np.uint8)
    array = raw.view(kind).reshape(2, 3, 4)
    numpy_case(kind, array.astype("<" + kind))
    numpy_case(kind + " big-endian, Fortran order", np.asfortranarray(array.astype(">" + kind)))
whole = np.arange(120, dtype="<i4")
for shape in [(), (1,), (120,), (0,), (3, 0), (0, 3), (1, 120), (5, 24), (2, 3, 4, 5)]:
    array = whole[: int(np.prod(shape))].reshape(shape)
    numpy_case(f"shape {shape}", array)
    numpy_case(f"shape {shape}, Fortran order", np.asfortranarray(array))
numpy_case("version 2", whole, version=(2, 0))
numpy_case("version 3", whole.reshape(10, 12), version=(3, 0))


def npy(header, data=b"", version=1):
    text = header.encode("latin1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


python2 = "{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 1L), }\n"
numpy_case("Python 2", np.array([[1.5], [2.5]]), npy(python2, np.array([1.5, 2.5]).tobytes()))
odd = '{"shape":(2,),"fortran_order":True,"descr":"=u1"}'
numpy_case("other spelling", np.array([7, 8], dtype="u1"), npy(odd, b"\x07\x08"))

good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
unreadable = {
    "empty": b"",
    "magic": b"\x93NUMPX" + npy(good, bytes(4))[6:],
    "version 4": npy(good, bytes(4), version=4),
    "header cut": npy(good, bytes(4))[:20],
    "length cut": npy(good)[:9],
    "data cut": npy(good, bytes(3)),
    "data behind": npy(good, bytes(5)),
    "no shape": npy("{'descr': '<f4', 'fortran_order': False, }", bytes(4)),
    "twice": npy(good[:-1] + "'descr': '<f4', }", bytes(4)),
    "fourth key": npy(good[:-1] + "'x': '<f4', }", bytes(4)),
    "shape without comma": npy(good.replace("(1,)", "(1)"), bytes(4)),
    "negative": npy(good.replace("(1,)", "(-1,)"), bytes(4)),
    "huge": npy(good.replace("(1,)", "(4611686018427387904, 4)"), bytes(4)),
    "beyond 64 bits": npy(good.replace("(1,)", "(99999999999999999999,)"), bytes(4)),
    "code": npy("__import__('os').system('true')", bytes(4)),
    "unclosed": npy(good[:-1], bytes(4)),
    "unclosed text": npy("{'descr", bytes(4)),
    "text behind": npy(good + " x", bytes(4)),
    "65 dimensions": npy(good.replace("(1,)", "(" + "1," * 65 + ")"), bytes(4)),
}
for dtype in ["S3", "U2", "M8[s]", "m8[s]", "V4", "f16", "c32"]:
    file = io.BytesIO()
    np.save(file, np.zeros(2, dtype=dtype))
    unreadable[dtype] = file.getvalue()
file = io.BytesIO()
np.save(file, np.array([{}], dtype=object))
unreadable["objects"] = file.getvalue()
file = io.BytesIO()
np.save(file, np.zeros(2, dtype=[("a", "f4"), ("b", "i2")]))
unreadable["records"] = file.getvalue()


def npz(**options):
    file = io.BytesIO()
    save = np.savez_compressed if options.get("compressed") else np.savez
    save(file, x=np.arange(6.0).reshape(2, 3), **{"caf\u00e9": np.zeros((100,), "i2")})
    return file.getvalue()


def archive(method=zipfile.ZIP_STORED, comment=b""):
    """As zipfile writes to what cannot seek: sizes stand behind the data."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as file:
        file.writestr("x.npy", npy(good, bytes(range(4))))
        file.writestr("readme.txt", "not an array")
        file.comment = comment
    return pipe.data


save(
    "numpy.json",
    {
        "arrays": arrays,
        "unreadable": {name: data.hex() for name, data in unreadable.items()},
        "npz": [npz().hex(), npz(compressed=True).hex()],
        "zip": [
            archive().hex(),
            archive(zipfile.ZIP_DEFLATED).hex(),
            archive(comment=b"PK\x05\x06 a comment").hex(),
        ],
        "bzip2": archive(zipfile.ZIP_BZIP2).hex(),
    },
)

# --- PNG -----------------------------------------------------------------------------------------


def chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(rows, pixel_size, first):
    """Rows of bytes, each under the next of the five filters."""
    result, above = b"", None
    for number, row in enumerate(rows):
        kind = (first + number) % 5
        above = above if above is not None else bytes(len(row))
        line = []
        for i, byte in enumerate(row):
            a = row[i - pixel_size] if i >= pixel_size else 0
            c = above[i - pixel_size] if i >= pixel_size else 0
            predicted = [0, a, above[i], (a + above[i]) // 2, paeth(a, above[i], c)][kind]
            line.append((byte - predicted) & 255)
        result += bytes([kind]) + bytes(line)
        above = row
    return result


def packed_row(samples, depth):
    if depth == 16:
        return struct.pack(f">{len(samples)}H", *samples)
    bits = "".join(format(sample, f"0{depth}b") for sample in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
PLANES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png_file(width, height, color, depth, rows, interlaced=False, extra=(), cut=None, first=0):
    """`rows` hold samples; `cut` divides the data into chunks of that size."""
    planes = PLANES[color]
    pixel_size = max(planes * depth // 8, 1)
    data = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        lines = []
        for y in range(y0, height, dy):
            samples = [s for x in range(x0, width, dx) for s in rows[y][x * planes : (x + 1) * planes]]
            if samples:
                lines.append(packed_row(samples, depth))
        data += filtered(lines, pixel_size, first)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    stream = zlib.compress(data, 9)
    step = cut or len(stream)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(kind, content) for kind, content in extra)
        + b"".join(chunk(b"IDAT", stream[i : i + step]) for i in range(0, len(stream), step))
        + chunk(b"IEND", b"")
    )


images = []


def png_case(name, data):
    """pypng says what the image is; it gives shallow gray as it is stored."""
    width, height, rows, info = png.Reader(bytes=data).asDirect()
    rows = [list(row) for row in rows]
    # asDirect gives 8 bits for palettes; gray of fewer bits is scaled here.
    most = 2 ** info["bitdepth"] - 1
    scale = 255 // most if most < 255 else 1
    wide = info["bitdepth"] == 16
    samples = [sample * scale for row in rows for sample in row]
    images.append(
        {
            "name": name,
            "file": data.hex(),
            "width": width,
            "height": height,
            "channels": info["planes"],
            "bits": 16 if wide else 8,
            "samples": b"".join(struct.pack(">H" if wide else "B", s) for s in samples).hex(),
        }
    )


def png_rows(width, height, color, depth, bound=None):
    bound = bound or 2**depth
    shape = (height, width * PLANES[color])
    # Smooth in the one half, noise in the other, so that all filters have work.
    noise = generator.integers(0, bound, shape)
    slope = np.add.outer(np.arange(height) * 3, np.arange(shape[1])) % bound
    return np.where(np.arange(shape[1]) % 2 == 0, noise, slope).tolist()


depths = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
for color, choices in depths.items():
    for depth in choices:
        for interlaced in [False, True]:
            colors = min(2**depth, 11)
            rows = png_rows(9, 6, color, depth, colors if color == 3 else None)
            palette = (b"PLTE", generator.integers(0, 256, 3 * colors, dtype=np.uint8).tobytes())
            extra = [palette] if color == 3 else []
            name = f"color {color}, {depth} bits" + (", interlaced" if interlaced else "")
            png_case(name, png_file(9, 6, color, depth, rows, interlaced, extra, first=depth))
            if color in (0, 2, 3):
                key = b"".join(struct.pack(">H", s) for s in rows[2][3 * PLANES[color] :][: PLANES[color]])
                if color == 3:
                    key = bytes(range(0, 200, 200 // colors))[: max(colors - 1, 1)]
                data = png_file(9, 6, color, depth, rows, interlaced, extra + [(b"tRNS", key)])
                png_case(name + ", transparency", data)
for width in range(1, 6):
    for height in range(1, 6):
        rows = png_rows(width, height, 2, 8)
        png_case(f"{width} x {height}, interlaced", png_file(width, height, 2, 8, rows, True))
rows = png_rows(9, 6, 2, 8)
note = (b"tEXt", b"Comment\x00hello")
png_case("data in many chunks", png_file(9, 6, 2, 8, rows, cut=7, extra=[note]))
suggested = (b"PLTE", bytes(range(30)))
png_case("RGB with a palette", png_file(9, 6, 2, 8, rows, extra=[suggested]))

base = png_file(9, 6, 0, 8, png_rows(9, 6, 0, 8))


def png_with(header=None, chunks=None):
    """`base` with another header or other chunks behind it."""
    head = header or struct.pack(">IIBBBBB", 9, 6, 8, 0, 0, 0, 0)
    body = base[33:] if chunks is None else b"".join(chunk(k, c) for k, c in chunks)
    return base[:8] + chunk(b"IHDR", head) + body


stream = base[33 + 8 : -12 - 4]
assert png_with(chunks=[(b"IDAT", stream), (b"IEND", b"")]) == base
short = zlib.compress(bytes(59))
pal = lambda d=8: struct.pack(">IIBBBBB", 9, 6, d, 3, 0, 0, 0)
flat = zlib.compress(bytes(60))
damaged = {
    "empty": b"",
    "signature": b"\x89PNX" + base[4:],
    "only signature": base[:8],
    "no header": base[:8] + base[33:],
    "header size": base[:8] + chunk(b"IHDR", bytes(12)) + base[33:],
    "width 0": png_with(struct.pack(">IIBBBBB", 0, 6, 8, 0, 0, 0, 0)),
    "height 2^31": png_with(struct.pack(">IIBBBBB", 9, 2**31, 8, 0, 0, 0, 0)),
    "huge": png_with(struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)),
    "larger than its data": png_with(struct.pack(">IIBBBBB", 9000, 6000, 8, 0, 0, 0, 0)),
    "color type": png_with(struct.pack(">IIBBBBB", 9, 6, 8, 1, 0, 0, 0)),
    "depth": png_with(struct.pack(">IIBBBBB", 9, 6, 3, 0, 0, 0, 0)),
    "depth of RGB": png_with(struct.pack(">IIBBBBB", 9, 6, 4, 2, 0, 0, 0)),
    "compression": png_with(struct.pack(">IIBBBBB", 9, 6, 8, 0, 1, 0, 0)),
    "filter method": png_with(struct.pack(">IIBBBBB", 9, 6, 8, 0, 0, 1, 0)),
    "interlace": png_with(struct.pack(">IIBBBBB", 9, 6, 8, 0, 0, 0, 2)),
    "header twice": base[:33] + base[8:],
    "checksum": base[:-20] + bytes([base[-20] ^ 1]) + base[-19:],
    "checksum of a note": png_with(chunks=[(b"tEXt", b"x")])[:-1] + b"\x00" + base[33:],
    "cut": base[:-5],
    "cut in data": base[:60],
    "no end": base[:-12],
    "no data": png_with(chunks=[(b"IEND", b"")]),
    "end with content": png_with(chunks=[(b"IDAT", stream), (b"IEND", b"x")]),
    "interrupted": png_with(
        chunks=[(b"IDAT", stream[:5]), (b"tEXt", b"x"), (b"IDAT", stream[5:]), (b"IEND", b"")]
    ),
    "unknown critical chunk": png_with(
        chunks=[(b"ABCD", b""), (b"IDAT", stream), (b"IEND", b"")]
    ),
    "chunk name": png_with(chunks=[(b"a1cd", b""), (b"IDAT", stream), (b"IEND", b"")]),
    "too little data": png_with(chunks=[(b"IDAT", short), (b"IEND", b"")]),
    "data cut short": png_with(chunks=[(b"IDAT", stream[:-9]), (b"IEND", b"")]),
    "data damaged": png_with(chunks=[(b"IDAT", stream[:-4] + b"abcd"), (b"IEND", b"")]),
    "filter 5": png_with(chunks=[(b"IDAT", zlib.compress(b"\x05" * 60)), (b"IEND", b"")]),
    "palette of gray": png_with(
        chunks=[(b"PLTE", bytes(3)), (b"IDAT", stream), (b"IEND", b"")]
    ),
    "no palette": png_with(pal(), [(b"IDAT", flat), (b"IEND", b"")]),
    "palette of 4 bytes": png_with(
        pal(), [(b"PLTE", bytes(4)), (b"IDAT", flat), (b"IEND", b"")]
    ),
    "long palette": png_with(
        pal(1), [(b"PLTE", bytes(9)), (b"IDAT", zlib.compress(bytes(18))), (b"IEND", b"")]
    ),
    "palette twice": png_with(
        pal(), [(b"PLTE", bytes(3))] * 2 + [(b"IDAT", flat), (b"IEND", b"")]
    ),
    "palette behind": png_with(pal(), [(b"IDAT", flat), (b"PLTE", bytes(3)), (b"IEND", b"")]),
    "color outside of palette": png_with(
        pal(), [(b"PLTE", bytes(3)), (b"IDAT", zlib.compress(b"\x00\x01" * 30)), (b"IEND", b"")]
    ),
    "transparency before palette": png_with(
        pal(), [(b"tRNS", b"\x00"), (b"PLTE", bytes(3)), (b"IDAT", flat), (b"IEND", b"")]
    ),
    "transparency longer than palette": png_with(
        pal(), [(b"PLTE", bytes(3)), (b"tRNS", bytes(2)), (b"IDAT", flat), (b"IEND", b"")]
    ),
    "transparency of 3 bytes": png_with(
        chunks=[(b"tRNS", bytes(3)), (b"IDAT", stream), (b"IEND", b"")]
    ),
    "transparency twice": png_with(
        chunks=[(b"tRNS", bytes(2))] * 2 + [(b"IDAT", stream), (b"IEND", b"")]
    ),
    "transparency of RGBA": png_with(
        struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0),
        [(b"tRNS", bytes(6)), (b"IDAT", zlib.compress(bytes(5))), (b"IEND", b"")],
    ),
}
save(
    "png.json",
    {"images": images, "damaged": {name: data.hex() for name, data in damaged.items()}},
)

# --- JSON ----------------------------------------------------------------------------------------

json_texts = [
    "null", "true", " false ", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.0",
    "-0.0", "1.5e3", "1E-5", "1e+16", "123456789012345678e-1", "5e-324", "1.7976931348623157e308",
    "0.1", "100000000000000000000000.0", '""', '"a"', '"\\u00e9\\n\\"\\\\\\/\\b\\f\\r\\t\\u0001"',
    '"\\ud83d\\ude00 \u52fe\u914d"', "[]", "[ ]", "{}", "{ }", "[1,2, 3 ]", '{"b":1,"a":[{"c":null}]}',
    '\t{ "x" : [ true , { } ] }\r\n', '{"":0}', "[" * 100 + "]" * 100, '["\x7f\u2028"]',
]
json_faults = [
    "", " ", "nul", "truee", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 2",
    "-Infinity", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", '{"a"}', '{"a":}', '{"a":1,}',
    "{a:1}", "{'a':1}", '{"a" 1}', '{"a":1 "b":2}', "{1:2}", '"', '"a', '"\\', '"\\x"', '"\\u12"',
    '"\\u12g4"', '"a\nb"', '"\x01"', "\ufeff1", "[1]]", "//x\n1", '"\\u+123"',
]
for fault in json_faults:
    try:
        json.loads(fault)
        assert fault in ("NaN", "-Infinity"), fault
    except ValueError:
        pass
save(
    "json.json",
    {
        "texts": [
            {"text": t, "compact": json.dumps(json.loads(t), separators=(",", ":"), ensure_ascii=False)}
            for t in json_texts
        ],
        "faults": json_faults
        # Python takes these: a half of a surrogate pair, a name twice, and a number beyond any.
        + ['"\\ud83d"', '"\\ude00"', '"\\ud83d\\u0041"', '{"a":1,"\\u0061":2}', "1e400", "[" * 300 + "]" * 300],
    },
)

# --- safetensors ---------------------------------------------------------------------------------

import safetensors
import safetensors.torch
import torch

names = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fn: "F8_E4M3", torch.float8_e8m0fnu: "F8_E8M0", torch.int16: "I16",
    torch.uint16: "U16", torch.float16: "F16", torch.bfloat16: "BF16", torch.int32: "I32",
    torch.uint32: "U32", torch.float32: "F32", torch.complex64: "C64", torch.float64: "F64",
    torch.int64: "I64", torch.uint64: "U64",
}
torch.manual_seed(0)


def random_tensor(dtype, shape):
    size = torch.empty(0, dtype=dtype).element_size()
    raw = torch.randint(0, 2 if dtype == torch.bool else 120, (int(np.prod(shape)) * size,))
    return raw.to(torch.uint8).view(dtype).reshape(shape)


def safetensors_case(tensors, metadata=None):
    return {
        "file": safetensors.torch.save(tensors, metadata).hex(),
        "metadata": metadata or {},
        "tensors": [
            {
                "name": name,
                "dtype": names[tensor.dtype],
                "shape": list(tensor.shape),
                "elements": tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes().hex(),
            }
            for name, tensor in tensors.items()
        ],
    }


# The format's own implementation says which headers are valid.
U8 = '{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'
headers = [
    ("{}", 0), ("{}   ", 0), ("{}\n", 0), (" {}", 0), ("{}x", 0), ("[]", 0), ("null", 0), ("", 0),
    ('{"a":%s}' % U8, 2), ('{"a":%s}' % U8, 1), ('{"a":%s}' % U8, 3), ('{"a":%s,}' % U8, 2),
    ('{"a":{"shape":[2],"dtype":"U8","data_offsets":[0,2],"more":[1.5,{"x":-1}]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"dtype":"U8"}}', 2),
    ('{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2e0],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":null,"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":{"0":0}}}', 2),
    ('{"a":{"dtype":"u8","shape":[2],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}}', 2),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', 3),
    ('{"a":%s,"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}' % U8, 3),
    ('{"a":%s,"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}' % U8, 5),
    ('{"a":%s,"b":%s}' % (U8, U8), 2),
    ('{"b":{"dtype":"F32","shape":[],"data_offsets":[2,6]},"a":%s}' % U8, 6),
    ('{"e":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":%s}' % U8, 2),
    ('{"e":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},"a":%s}' % U8, 2),
    ('{"e":{"dtype":"F32","shape":[0],"data_offsets":[1,1]},"a":%s}' % U8, 2),
    ('{"a":{"dtype":"U8","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}}', 0),
    ('{"a":{"dtype":"U8","shape":[9223372036854775807,4,0],"data_offsets":[0,0]}}', 0),
    ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[18446744073709551614,18446744073709551616]}}', 2),
    ('{"__metadata__":null,"a":%s}' % U8, 2), ('{"__metadata__":{},"a":%s}' % U8, 2),
    ('{"__metadata__":{"a":"b"},"a":%s}' % U8, 2), ('{"__metadata__":{"a":1},"a":%s}' % U8, 2),
    ('{"__metadata__":[],"a":%s}' % U8, 2), ('{"__metadata__":{"a":null},"a":%s}' % U8, 2),
    ('{"__metadata__":{},"__metadata__":{}}', 0), ('{"\\u0061":%s}' % U8, 2), ('{"":%s}' % U8, 2),
    ('{"a":null}', 0), ('{"a":[]}', 0), ('{"a":{}}', 0),
]


def verdict(header, size):
    data = struct.pack("<Q", len(header.encode())) + header.encode() + bytes(size)
    try:
        safetensors.deserialize(data)
        return True
    except Exception:
        return False


every = {f"t.{i}": random_tensor(d, (2, 3)) for i, d in enumerate(names)}
save(
    "safetensors.json",
    {
        "files": [
            safetensors_case(every),
            safetensors_case({}),
            safetensors_case(
                {"weight": torch.randn(3, 4), "bias": torch.randn(3), "step": torch.tensor(7)},
                {"format": "pt"},
            ),
            safetensors_case(
                {"b": torch.zeros(0, 4), "a": torch.ones(5, dtype=torch.bool), "\u52fe\u914d \"\\": torch.ones(1),
                 "Z": torch.ones(1), "\xe9": torch.ones(1), "a.b": torch.ones(1), "a_b": torch.ones(1)},
                {"n\xe9\"\n\\": "tab\t\x01\x7f\u2028\U0001f642/"},
            ),
        ],
        "headers": [{"header": h, "data": n, "isValid": verdict(h, n)} for h, n in headers],
    },
)
