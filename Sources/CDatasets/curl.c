#include "kb_curl.h"

// int for CURLcode, CURLoption and CURLINFO: C gives enums of such values the size of int.
typedef int (*set_function)(void *handle, int option, ...);
typedef int (*get_function)(void *handle, int info, ...);

enum { WRITEFUNCTION = 20011, XFERINFOFUNCTION = 20219 };

int kb_curl_set_long(void *setopt, void *handle, int option, long value) {
  return ((set_function)setopt)(handle, option, value);
}

int kb_curl_set_offset(void *setopt, void *handle, int option, int64_t value) {
  return ((set_function)setopt)(handle, option, value);
}

int kb_curl_set_pointer(void *setopt, void *handle, int option, const void *value) {
  return ((set_function)setopt)(handle, option, value);
}

int kb_curl_set_write(void *setopt, void *handle, kb_curl_write function) {
  return ((set_function)setopt)(handle, WRITEFUNCTION, function);
}

int kb_curl_set_progress(void *setopt, void *handle, kb_curl_progress function) {
  return ((set_function)setopt)(handle, XFERINFOFUNCTION, function);
}

int kb_curl_get_long(void *getinfo, void *handle, int info, long *result) {
  return ((get_function)getinfo)(handle, info, result);
}
