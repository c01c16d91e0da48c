#include "kb_context.h"

#include <stdio.h>
#include <string.h>

_Thread_local kb_context kb_thread_context = {0};

void kb_pending_grow(void) {
  kb_context *context = &kb_thread_context;
  if (!context->pending) {
    context->pending = context->pending_inline;
    context->pending_capacity = KB_RELEASE_INLINE;
    return;
  }
  size_t capacity = context->pending_capacity * 2;
  void **larger = malloc(capacity * sizeof(void *));
  if (!larger) {
    fprintf(stderr, "Kobai: out of memory while a graph is released\n");
    abort();
  }
  memcpy(larger, context->pending, context->pending_count * sizeof(void *));
  if (context->pending != context->pending_inline) free(context->pending);
  context->pending = larger;
  context->pending_capacity = capacity;
}

// Back to the inline array, so that a thread that ends leaves nothing behind.
void kb_pending_shrink(void) {
  kb_context *context = &kb_thread_context;
  if (!context->pending) return;
  free(context->pending);
  context->pending = context->pending_inline;
  context->pending_capacity = KB_RELEASE_INLINE;
}
