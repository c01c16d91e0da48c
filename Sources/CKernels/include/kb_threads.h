// The thread pool. Work is cut into tasks by size alone, never by the number of threads, so results are
// the same bits on any number of threads.
#ifndef KB_THREADS_H
#define KB_THREADS_H

#include <stddef.h>

// Runs body(context, begin, end) over [0, count) in pieces of `grain` items (the last may be shorter).
// Returns when all pieces are done. Called from inside a task, or with one piece, it runs inline.
void kb_parallel_for(size_t count, size_t grain, void (*body)(void *context, size_t begin, size_t end),
                     void *context);

// How many threads share the work, the caller included. 0 restores the default: the processors this
// process may run on, or KOBAI_NUM_THREADS.
void kb_set_thread_count(int count);
int kb_thread_count(void);

#endif
