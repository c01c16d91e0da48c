// The k largest of a row in the order of libstdc++'s algorithms.
#ifndef KB_RANDOM_TOPK_H
#define KB_RANDOM_TOPK_H

#include <stddef.h>
#include <stdint.h>

typedef struct kb_random_pair {
  double key;
  int64_t index;
} kb_random_pair;

// Puts the k largest of n pairs (2 ≤ k ≤ n, NaN largest) at the front, descending. Equal keys land
// where std::partial_sort (k · 64 ≤ n) or std::nth_element and std::sort put them.
void kb_random_topk(kb_random_pair *pairs, size_t n, size_t k);

#endif
