"""Writes the embedded data set of handwritten digits.

    python Tools/data/digits.py digits.csv.gz Sources/CDatasets/digits.bin

The table is the one that scikit-learn distributes (sklearn/datasets/data/digits.csv.gz): one row per
image, with 64 pixels of 0 to 16 and the class. The result holds the pixels of all images, one byte
each, then one byte per class.
"""

import csv
import gzip
import sys

table, out = sys.argv[1:]
with gzip.open(table, "rt", encoding="ascii", newline="") as file:
    rows = [[int(float(field)) for field in row] for row in csv.reader(file)]

assert len(rows) == 1797
assert all(len(row) == 65 for row in rows)
assert all(0 <= pixel <= 16 for row in rows for pixel in row[:64])
assert all(0 <= row[64] <= 9 for row in rows)

with open(out, "wb") as file:
    for row in rows:
        file.write(bytes(row[:64]))
    file.write(bytes(row[64] for row in rows))
