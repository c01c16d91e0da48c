// Per-thread state that every operation reads: switches in one word, so that the common case is one test.
#ifndef KB_CONTEXT_H
#define KB_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum {
  KB_CONTEXT_NO_GRAD = 1,    // inside noGrad { }
  KB_CONTEXT_RECOVERING = 2, // inside recovering { }
  KB_CONTEXT_ANOMALY = 4,    // inside detectingAnomaly { }
  KB_CONTEXT_TRACING = 8,    // a trace is being made
  KB_CONTEXT_BATCHING = 16,  // inside vmap, which takes the operations that draw random numbers
  KB_CONTEXT_STATES = 32,    // something else is read and written in the place of states
};

enum { KB_RELEASE_INLINE = 32 };

typedef struct kb_context {
  uint32_t flags;
  uint32_t depth;  // how many transforms are active on this thread
  uint32_t scope;  // the number of the innermost named scope; 0 outside of all
  void *_Nullable recovery;  // the innermost recovering block
  void *_Nullable anomaly;   // the innermost anomaly mode
  void *_Nullable tracer;    // the innermost trace
  void *_Nullable workspace; // the backward walk's scratch memory, kept between walks
  // Objects whose release is put off until the running release is done; see Node.swift.
  void *_Nullable *_Nullable pending;
  size_t pending_count, pending_capacity;
  uint32_t draining;
  void *_Nullable pending_inline[KB_RELEASE_INLINE];
} kb_context;

// Initial-exec: reading it is one load, without a call.
extern _Thread_local kb_context kb_thread_context __attribute__((tls_model("initial-exec")));

// A number that tells this thread from others that run.
static inline uintptr_t kb_context_address(void) { return (uintptr_t)&kb_thread_context; }

static inline uint32_t kb_context_flags(void) { return kb_thread_context.flags; }
static inline void kb_context_set_flags(uint32_t flags) { kb_thread_context.flags = flags; }
static inline uint32_t kb_context_depth(void) { return kb_thread_context.depth; }
static inline void kb_context_set_depth(uint32_t depth) { kb_thread_context.depth = depth; }
static inline uint32_t kb_context_scope(void) { return kb_thread_context.scope; }
static inline void kb_context_set_scope(uint32_t scope) { kb_thread_context.scope = scope; }
static inline void *_Nullable kb_context_recovery(void) { return kb_thread_context.recovery; }
static inline void kb_context_set_recovery(void *_Nullable p) { kb_thread_context.recovery = p; }
static inline void *_Nullable kb_context_anomaly(void) { return kb_thread_context.anomaly; }
static inline void kb_context_set_anomaly(void *_Nullable p) { kb_thread_context.anomaly = p; }
static inline void *_Nullable kb_context_tracer(void) { return kb_thread_context.tracer; }
static inline void kb_context_set_tracer(void *_Nullable p) { kb_thread_context.tracer = p; }
static inline void *_Nullable kb_context_workspace(void) { return kb_thread_context.workspace; }
static inline void kb_context_set_workspace(void *_Nullable p) { kb_thread_context.workspace = p; }

// Does nothing, out of the compiler's sight: what comes before it is not moved behind it.
void kb_opaque(void);

// Lets another thread have this processor.
void kb_yield(void);

// Has `release` called with this thread's workspace, if it then has one, when the thread ends.
void kb_context_release_at_exit(void (*_Nonnull release)(void *_Nonnull workspace));

void kb_pending_grow(void);

static inline void kb_pending_push(void *_Nonnull object) {
  kb_context *context = &kb_thread_context;
  if (context->pending_count == context->pending_capacity) kb_pending_grow();
  context->pending[context->pending_count++] = object;
}

static inline void *_Nullable kb_pending_pop(void) {
  kb_context *context = &kb_thread_context;
  return context->pending_count ? context->pending[--context->pending_count] : NULL;
}

// True when the caller must drain: no release is running on this thread.
static inline int kb_pending_begin(void) {
  if (kb_thread_context.draining) return 0;
  kb_thread_context.draining = 1;
  return 1;
}

void kb_pending_shrink(void);

static inline void kb_pending_end(void) {
  if (kb_thread_context.pending != kb_thread_context.pending_inline) kb_pending_shrink();
  kb_thread_context.draining = 0;
}

#endif
