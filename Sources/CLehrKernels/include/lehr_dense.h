#pragma once

// Kernels of dense and loss layers over plain float arrays; the batch is the unit of a call.
//
// Each is compiled for several x86-64 levels and picked at load time. Sums run over sixteen fixed
// lanes and products are never fused, so a result is the same, bit for bit, on every level.

#include <stddef.h>
#include <stdint.h>

// y[i] += scale * x[i]
void lehr_axpy(float *y, const float *x, float scale, size_t count);

// The sum of x[i] * y[i].
float lehr_dot(const float *x, const float *y, size_t count);

// y[i] = 1 / (1 + exp(-x[i])); absolute error below 2e-7.
void lehr_sigmoid(float *y, const float *x, size_t count);

// y[i] = tanh(x[i]); absolute error below 3e-7.
void lehr_tanh(float *y, const float *x, size_t count);

// Softmax cross entropy of one row of scores against the candidate at `positive`, and its gradient.
//
// The logit of candidate j is row[j] - offsets[j], that of the positive
// row[positive] - positive_offset. A candidate other than the positive whose id equals that of the
// positive, ids[positive], is left out. Returns log(sum of exp(logit)) - logit[positive]; `row` is
// overwritten with the gradient by logit, `scale * (softmax - onehot)`. `positive` is below `count`.
float lehr_softmax_row(float *row, const float *offsets, const int32_t *ids, size_t count,
                       size_t positive, float positive_offset, float scale);
