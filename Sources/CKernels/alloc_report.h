// The sum of bytes in use.
#ifndef KB_ALLOC_REPORT_H
#define KB_ALLOC_REPORT_H

#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KB_PLAIN_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define KB_PLAIN_MALLOC 1
#endif

void kb_memory_report(int64_t change);

#endif
