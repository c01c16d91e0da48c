#include "kb_tail.h"

#include "kb_threads.h"

enum { PART = 16384 }; // elements of a task

typedef struct {
  const kb_tail *tail;
  size_t first_row, columns;
  size_t rows, parts; // of a task, and how many a row is cut into
} tail_job;

static void run_rows(void *context, size_t begin, size_t end) {
  const tail_job *job = context;
  job->tail->run(job->tail, job->first_row + begin, end - begin, 0, job->columns);
}

static void run_parts(void *context, size_t begin, size_t end) {
  const tail_job *job = context;
  for (size_t task = begin; task < end; task++) {
    const size_t first = task % job->parts * PART, rest = job->columns - first;
    job->tail->run(job->tail, job->first_row + task / job->parts, 1, first,
                   rest < PART ? rest : PART);
  }
}

void kb_tail_run_all(const kb_tail *tail, size_t row, size_t rows, size_t columns) {
  if (rows == 0 || columns == 0) {
    return;
  }
  tail_job job = {tail, row, columns, 0, (columns + PART - 1) / PART};
  if (job.parts > 1) {
    kb_parallel_for(rows * job.parts, 1, run_parts, &job);
  } else {
    kb_parallel_for(rows, PART / columns, run_rows, &job);
  }
}
