// libFuzzer's entry for programs with a main of their own.
// Source: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library

#ifndef KOBAI_FUZZER_H
#define KOBAI_FUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *data, size_t size));

#endif
