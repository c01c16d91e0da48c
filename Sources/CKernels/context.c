#include "kb_context.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

_Thread_local kb_context kb_thread_context = {0};

void kb_opaque(void) {}

void kb_yield(void) { sched_yield(); }

static pthread_key_t at_thread_exit;
static pthread_once_t key_is_made = PTHREAD_ONCE_INIT;
static void (*release_workspace)(void *);

static void end_thread(void *context) {
  void *workspace = ((kb_context *)context)->workspace;
  ((kb_context *)context)->workspace = NULL;
  if (workspace) __atomic_load_n(&release_workspace, __ATOMIC_ACQUIRE)(workspace);
}

static void make_key(void) { pthread_key_create(&at_thread_exit, end_thread); }

void kb_context_release_at_exit(void (*release)(void *)) {
  // Every caller hands in the same function.
  __atomic_store_n(&release_workspace, release, __ATOMIC_RELEASE);
  pthread_once(&key_is_made, make_key);
  pthread_setspecific(at_thread_exit, &kb_thread_context);
}

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
