#include "check.h"

// torch.manual_seed(0); torch.rand(5), torch.randn(5), torch.randperm(8), each from a fresh seed.
static const float uniform[] = {0.4962565899f, 0.7682217956f, 0.0884774327f, 0.1320304871f,
                                0.3074228168f};
static const float normal[] = {1.5409960747f, -0.2934288979f, -2.1787893772f, 0.5684312582f,
                               -1.0845223665f};

void check_random(void) {
  static kb_generator generator;
  float found[5];
  kb_generator_seed(&generator, 0);
  kb_random_uniform(&generator, KB_FLOAT32, 5, 0, 1, found);
  require(memcmp(found, uniform, sizeof found) == 0, "uniform numbers of PyTorch's seed 0");
  kb_generator_seed(&generator, 0);
  kb_random_normal(&generator, KB_FLOAT32, 5, 0, 1, true, found);
  require(memcmp(found, normal, sizeof found) == 0, "normal numbers of PyTorch's seed 0");
}
