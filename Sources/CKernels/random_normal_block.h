// The float32 transform of blocks of 16 words into 16 normals.
#ifndef KB_RANDOM_NORMAL_BLOCK_H
#define KB_RANDOM_NORMAL_BLOCK_H

#include <stddef.h>
#include <stdint.h>

// Blocks transformed at a time.
#define KB_NORMAL_BLOCKS 32

// `blocks` ≤ KB_NORMAL_BLOCKS. Both give the same bits; the first needs AVX2 and FMA.
#if defined(__x86_64__)
void kb_normal_blocks_fma(const uint32_t *words, size_t blocks, float mean, float std, float *out);
#endif
void kb_normal_blocks_plain(const uint32_t *words, size_t blocks, float mean, float std,
                            float *out);

#endif
