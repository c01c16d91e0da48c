#include "check.h"

// Recurrent layers beside a plain loop over steps and sequences, their gradients beside differences.

typedef struct layer {
  kb_recurrent kernel;
  size_t batch, rows, gates;
  double *x, *wx, *wh, *bx, *bh, *h, *c;
} layer;

static double squash(double x) { return 1 / (1 + exp(-x)); }

// Σ of hs, hn and cn times the weights u; what the states are before each row's step is found anew.
static double loss(const layer *l, const double *u) {
  const kb_recurrent *k = &l->kernel;
  const size_t n = k->hidden;
  double *h = malloc(l->batch * n * 8), *c = malloc(l->batch * n * 8), sum = 0;
  double *a = malloc(l->gates * 8), *b = malloc(l->gates * 8);
  memcpy(h, l->h, l->batch * n * 8);
  memcpy(c, l->c, l->batch * n * 8);
  for (size_t number = 0; number < k->steps; number++) {
    const size_t step = k->reversed ? k->steps - 1 - number : number;
    size_t first = 0;
    for (size_t t = 0; t < step; t++) first += (size_t)k->batch_sizes[t];
    for (size_t i = 0; i < (size_t)k->batch_sizes[step]; i++) {
      for (size_t g = 0; g < l->gates; g++) {
        a[g] = l->bx[g], b[g] = l->bh[g];
        for (size_t j = 0; j < k->input; j++)
          a[g] += l->wx[g * k->input + j] * l->x[(first + i) * k->input + j];
        for (size_t j = 0; j < n; j++) b[g] += l->wh[g * n + j] * h[i * n + j];
      }
      for (size_t j = 0; j < n; j++) {
        double *own = &h[i * n + j];
        if (k->cell == KB_LSTM) {
          c[i * n + j] = squash(a[n + j] + b[n + j]) * c[i * n + j] +
                         squash(a[j] + b[j]) * tanh(a[2 * n + j] + b[2 * n + j]);
          *own = squash(a[3 * n + j] + b[3 * n + j]) * tanh(c[i * n + j]);
        } else if (k->cell == KB_GRU) {
          const double z = squash(a[n + j] + b[n + j]);
          *own = z * *own + (1 - z) * tanh(a[2 * n + j] + squash(a[j] + b[j]) * b[2 * n + j]);
        } else {
          *own = k->cell == KB_RNN_TANH ? tanh(a[j] + b[j]) : fmax(a[j] + b[j], 0);
        }
      }
      for (size_t j = 0; j < n; j++) sum += u[(first + i) * n + j] * h[i * n + j];
    }
  }
  for (size_t j = 0; j < l->batch * n; j++)
    sum += u[l->rows * n + j] * h[j] +
           (k->cell == KB_LSTM ? u[(l->rows + l->batch) * n + j] * c[j] : 0);
  free(h), free(c), free(a), free(b);
  return sum;
}

static void check(const char *name, kb_recurrent kernel) {
  layer l = {.kernel = kernel, .batch = (size_t)kernel.batch_sizes[0]};
  const size_t n = kernel.hidden, in = kernel.input;
  for (size_t t = 0; t < kernel.steps; t++) l.rows += (size_t)kernel.batch_sizes[t];
  l.gates = kb_recurrent_gates(kernel.cell) * n;
  const size_t states = l.batch * n, results = l.rows * n, kept = kb_recurrent_kept(kernel.cell, n);
  const double w = 1 / sqrt((double)n);
  l.x = draw_doubles(l.rows * in, -1, 1);
  l.wx = draw_doubles(l.gates * in, -w, w), l.wh = draw_doubles(l.gates * n, -w, w);
  l.bx = draw_doubles(l.gates, -w, w), l.bh = draw_doubles(l.gates, -w, w);
  l.h = draw_doubles(states, -1, 1), l.c = draw_doubles(states, -1, 1);
  double *u = draw_doubles(results + 2 * states, -1, 1);
  double *hs = draw_doubles(results, 0, 0), *cs = draw_doubles(results, 0, 0);
  double *hn = draw_doubles(states, 0, 0), *cn = draw_doubles(states, 0, 0);
  double *gates = draw_doubles(l.rows * kept, 0, 0);
  kb_recurrent_forward(&kernel, l.x, l.wx, l.wh, l.bx, l.bh, l.h, l.c, hs, hn, cn, gates, cs);
  double sum = 0;
  for (size_t i = 0; i < results; i++) sum += u[i] * hs[i];
  for (size_t i = 0; i < states; i++)
    sum += u[results + i] * hn[i] +
           (kernel.cell == KB_LSTM ? u[results + states + i] * cn[i] : 0);
  compare(sum, loss(&l, u), sqrt((double)results));
  char line[64];
  snprintf(line, sizeof line, "%s, float64", name);
  report(line, DBL_EPSILON, 100);

  struct {
    double *value, *gradient;
    size_t count;
  } inputs[] = {{l.x, NULL, l.rows * in}, {l.wx, NULL, l.gates * in}, {l.wh, NULL, l.gates * n},
                {l.bx, NULL, l.gates},    {l.bh, NULL, l.gates},      {l.h, NULL, states},
                {l.c, NULL, states}};
  for (size_t i = 0; i < 7; i++) inputs[i].gradient = draw_doubles(inputs[i].count, 0, 0);
  const kb_recurrent_cotangents to = {
      inputs[0].gradient, inputs[1].gradient, inputs[2].gradient, inputs[3].gradient,
      inputs[4].gradient, inputs[5].gradient, kernel.cell == KB_LSTM ? inputs[6].gradient : NULL};
  kb_recurrent_backward(&kernel, l.x, l.wx, l.wh, l.h, l.c, hs, gates, cs, u, u + results,
                        u + results + states, &to);
  // Along one direction through everything that each input has.
  for (size_t i = 0; i < (kernel.cell == KB_LSTM ? 7 : 6); i++) {
    double *direction = draw_doubles(inputs[i].count, -1, 1), product = 0, size = 0;
    double *old = malloc(inputs[i].count * 8 + 1);
    memcpy(old, inputs[i].value, inputs[i].count * 8);
    for (size_t j = 0; j < inputs[i].count; j++) {
      product += direction[j] * inputs[i].gradient[j];
      size += inputs[i].gradient[j] * inputs[i].gradient[j];
    }
    double ends[2];
    for (int side = 0; side < 2; side++) {
      for (size_t j = 0; j < inputs[i].count; j++)
        inputs[i].value[j] = old[j] + (side ? -1e-5 : 1e-5) * direction[j];
      ends[side] = loss(&l, u);
    }
    memcpy(inputs[i].value, old, inputs[i].count * 8);
    compare(product, (ends[0] - ends[1]) / 2e-5, sqrt(size) + 1);
    free(direction), free(old);
  }
  snprintf(line, sizeof line, "%s, gradient", name);
  report(line, 1e-8, 100);
  for (size_t i = 0; i < 7; i++) free(inputs[i].value), free(inputs[i].gradient);
  free(u), free(hs), free(cs), free(hn), free(cn), free(gates);
}

void check_recurrent(void) {
  const intptr_t even[] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
  const intptr_t packed[] = {12, 12, 12, 9, 9, 9, 8, 7, 7, 7, 7, 7, 7, 7, 5, 3, 2, 1, 1, 1};
  const struct {
    const char *name;
    kb_recurrent layer;
  } layers[] = {
      {"LSTM", {KB_LSTM, KB_FLOAT64, 5, 68, 20, even, false}},
      {"LSTM, reversed, other lengths", {KB_LSTM, KB_FLOAT64, 5, 68, 20, packed, true}},
      {"LSTM of a large weight", {KB_LSTM, KB_FLOAT64, 3, 148, 20, even, true}},
      {"GRU", {KB_GRU, KB_FLOAT64, 4, 90, 20, even, true}},
      {"GRU, other lengths", {KB_GRU, KB_FLOAT64, 4, 90, 20, packed, false}},
      {"RNN with tanh", {KB_RNN_TANH, KB_FLOAT64, 33, 17, 20, packed, false}},
      {"RNN of few rows", {KB_RNN_TANH, KB_FLOAT64, 7, 17, 2, even, false}},
  };
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
    check(layers[i].name, layers[i].layer);
}
