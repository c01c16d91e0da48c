#include "check.h"

static uint64_t state = 0x9e3779b97f4a7c15u;
static double worst;
static int failures;

double draw(double low, double high) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return low + (high - low) * (double)(state >> 11) / 9007199254740992.0;
}

float *draw_floats(size_t count, double low, double high) {
  float *x = malloc(count * sizeof *x + 1);
  for (size_t i = 0; i < count; i++) x[i] = (float)draw(low, high);
  return x;
}

double *draw_doubles(size_t count, double low, double high) {
  double *x = malloc(count * sizeof *x + 1);
  for (size_t i = 0; i < count; i++) x[i] = draw(low, high);
  return x;
}

void compare(double found, double expected, double scale) {
  if (isnan(found) && isnan(expected)) return;
  if (found == expected) return;
  double error = fabs(found - expected) / scale;
  if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
}

void report(const char *name, double unit, double limit) {
  bool good = worst / unit <= limit;
  printf("%-44s %8.2f of %g %s\n", name, worst / unit, limit, good ? "" : "FAILED");
  failures += !good;
  worst = 0;
}

void require(bool holds, const char *name) {
  if (!holds) printf("%-44s FAILED\n", name);
  failures += !holds;
}

int main(void) {
  check_elementwise();
  check_programs();
  check_products();
  check_convolutions();
  check_volumes();
  check_reductions();
  check_rectified_channels();
  check_random();
  check_recurrent();
  check_row_chains();
  check_tails();
  check_pooling();
  check_bytes();
  check_casts();
  check_sorting();
  check_indexing();
  check_masks();
  check_padding();
  check_copies();
  check_sequences();
  check_scans();
  check_scratch();
  check_large();
  printf(failures ? "%d checks failed\n" : "all checks passed\n", failures);
  return failures != 0;
}
