// PyTorch draws without replacement by taking the k largest keys, and sorts them with libstdc++.
// Equal keys (zero weights, half types) are thus in the order its algorithms leave them in; these
// are the same algorithms (bits/stl_algo.h, bits/stl_heap.h), step by step.
#include "random_topk.h"

#include <stdbool.h>

typedef kb_random_pair pair;

#define SMALL 16 // introsort leaves pieces of this length to the insertion sort

static inline bool before(pair a, pair b) {
  return (a.key != a.key && b.key == b.key) || a.key > b.key;
}

static inline void swap(pair *a, pair *b) {
  pair value = *a;
  *a = *b;
  *b = value;
}

static void push_heap(pair *q, ptrdiff_t hole, ptrdiff_t top, pair value) {
  ptrdiff_t parent = (hole - 1) / 2;
  while (hole > top && before(q[parent], value)) {
    q[hole] = q[parent];
    hole = parent;
    parent = (hole - 1) / 2;
  }
  q[hole] = value;
}

static void adjust_heap(pair *q, ptrdiff_t hole, ptrdiff_t length, pair value) {
  ptrdiff_t top = hole, child = hole;
  while (child < (length - 1) / 2) {
    child = 2 * (child + 1);
    if (before(q[child], q[child - 1])) {
      child--;
    }
    q[hole] = q[child];
    hole = child;
  }
  if (length % 2 == 0 && child == (length - 2) / 2) {
    child = 2 * (child + 1);
    q[hole] = q[child - 1];
    hole = child - 1;
  }
  push_heap(q, hole, top, value);
}

static void pop_heap(pair *q, ptrdiff_t length, pair *result) {
  pair value = *result;
  *result = q[0];
  adjust_heap(q, 0, length, value);
}

static void heap_select(pair *q, ptrdiff_t middle, ptrdiff_t n) {
  for (ptrdiff_t parent = (middle - 2) / 2; middle >= 2 && parent >= 0; parent--) {
    adjust_heap(q, parent, middle, q[parent]);
  }
  for (ptrdiff_t i = middle; i < n; i++) {
    if (before(q[i], q[0])) {
      pop_heap(q, middle, q + i);
    }
  }
}

static void partial_sort(pair *q, ptrdiff_t middle, ptrdiff_t n) {
  heap_select(q, middle, n);
  while (middle > 1) {
    middle--;
    pop_heap(q, middle, q + middle);
  }
}

// Moves the median of three to the front and parts the rest around it.
static ptrdiff_t partition(pair *q, ptrdiff_t n) {
  pair *a = q + 1, *b = q + n / 2, *c = q + n - 1, *median;
  if (before(*a, *b)) {
    median = before(*b, *c) ? b : before(*a, *c) ? c : a;
  } else {
    median = before(*a, *c) ? a : before(*b, *c) ? c : b;
  }
  swap(q, median);
  pair pivot = q[0];
  ptrdiff_t i = 1, j = n;
  for (;;) {
    while (before(q[i], pivot)) {
      i++;
    }
    j--;
    while (before(pivot, q[j])) {
      j--;
    }
    if (i >= j) {
      return i;
    }
    swap(q + i, q + j);
    i++;
  }
}

static void linear_insert(pair *last) {
  pair value = *last;
  for (; before(value, last[-1]); last--) {
    *last = last[-1];
  }
  *last = value;
}

static void insertion_sort(pair *q, ptrdiff_t n) {
  for (ptrdiff_t i = 1; i < n; i++) {
    if (before(q[i], q[0])) {
      pair value = q[i];
      for (ptrdiff_t j = i; j > 0; j--) {
        q[j] = q[j - 1];
      }
      q[0] = value;
    } else {
      linear_insert(q + i);
    }
  }
}

static int depth_limit(ptrdiff_t n) {
  int log2 = 0;
  while (n >>= 1) {
    log2++;
  }
  return 2 * log2;
}

static void introsort(pair *q, ptrdiff_t n, int depth) {
  while (n > SMALL) {
    if (depth == 0) {
      partial_sort(q, n, n);
      return;
    }
    depth--;
    ptrdiff_t cut = partition(q, n);
    introsort(q + cut, n - cut, depth);
    n = cut;
  }
}

static void sort(pair *q, ptrdiff_t n) {
  if (n == 0) {
    return;
  }
  introsort(q, n, depth_limit(n));
  insertion_sort(q, n < SMALL ? n : SMALL);
  for (ptrdiff_t i = SMALL; i < n; i++) {
    linear_insert(q + i);
  }
}

static void nth_element(pair *q, ptrdiff_t nth, ptrdiff_t n) {
  int depth = depth_limit(n);
  while (n > 3) {
    if (depth == 0) {
      heap_select(q, nth + 1, n);
      swap(q, q + nth);
      return;
    }
    depth--;
    ptrdiff_t cut = partition(q, n);
    if (cut <= nth) {
      q += cut;
      nth -= cut;
      n -= cut;
    } else {
      n = cut;
    }
  }
  insertion_sort(q, n);
}

void kb_random_topk(kb_random_pair *pairs, size_t n, size_t k) {
  if (k * 64 <= n) {
    partial_sort(pairs, (ptrdiff_t)k, (ptrdiff_t)n);
  } else {
    nth_element(pairs, (ptrdiff_t)k - 1, (ptrdiff_t)n);
    sort(pairs, (ptrdiff_t)k - 1);
  }
}
