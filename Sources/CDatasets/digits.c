#include "kb_digits.h"

// The language is C11 here, of which #embed is an extension: clang knows it since version 19.
#pragma clang diagnostic ignored "-Wc23-extensions"

// digits.txt states origin and licence; Tools/data/digits.py wrote the file.
static const uint8_t kb_digits[] = {
#embed "digits.bin"
};

_Static_assert(sizeof kb_digits == KB_DIGITS_COUNT * (KB_DIGITS_PIXELS + 1), "digits.bin is damaged");

const uint8_t *kb_digits_pixels(void) { return kb_digits; }

const uint8_t *kb_digits_labels(void) { return kb_digits + KB_DIGITS_COUNT * KB_DIGITS_PIXELS; }
