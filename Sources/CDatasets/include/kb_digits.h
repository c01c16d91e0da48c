#pragma once

#include <stdint.h>

/// Images in the embedded data set of handwritten digits, and pixels in each of them.
enum { KB_DIGITS_COUNT = 1797, KB_DIGITS_PIXELS = 64 };

/// The pixels of all images, 0 to 16, image after image and row after row.
const uint8_t *kb_digits_pixels(void);

/// The class of each image, 0 to 9.
const uint8_t *kb_digits_labels(void);
