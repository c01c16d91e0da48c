#pragma once

#include <stddef.h>
#include <stdint.h>

// Calls of libcurl's variadic functions, whose addresses come from dlsym. Swift cannot call them: where
// the arguments go differs between variadic and other functions on some machines (Apple's arm64).

/// `curl_easy_setopt(handle, option, value)` for an option that takes a `long`.
int kb_curl_set_long(void *setopt, void *handle, int option, long value);

/// `curl_easy_setopt(handle, option, value)` for an option that takes a `curl_off_t`.
int kb_curl_set_offset(void *setopt, void *handle, int option, int64_t value);

/// `curl_easy_setopt(handle, option, value)` for an option that takes a pointer to data.
int kb_curl_set_pointer(void *setopt, void *handle, int option, const void *value);

/// Called with each piece of a transfer's body; a result other than `count` ends the transfer.
typedef size_t (*kb_curl_write)(char *bytes, size_t size, size_t count, void *context);

/// Called again and again while a transfer runs; a result other than 0 ends it.
typedef int (*kb_curl_progress)(
  void *context, int64_t total, int64_t received, int64_t to_send, int64_t sent);

/// Sets CURLOPT_WRITEFUNCTION.
int kb_curl_set_write(void *setopt, void *handle, kb_curl_write function);

/// Sets CURLOPT_XFERINFOFUNCTION.
int kb_curl_set_progress(void *setopt, void *handle, kb_curl_progress function);

/// `curl_easy_getinfo(handle, info, &result)` for an item that is a `long`.
int kb_curl_get_long(void *getinfo, void *handle, int info, long *result);
