// Numbers as text: the two conversions of printf that tensors are printed with.
#ifndef KB_FORMAT_H
#define KB_FORMAT_H

#include <stddef.h>
#include <stdio.h>

// Writes `value` with `precision` digits after the point, in scientific notation or without, and returns the
// number of characters, which fit in 400 (the longest double without an exponent has 309 digits).
static inline int kb_format_double(char *_Nonnull buffer, double value, int precision,
                                   int scientific) {
  return snprintf(buffer, 400, scientific ? "%.*e" : "%.*f", precision, value);
}

#endif
