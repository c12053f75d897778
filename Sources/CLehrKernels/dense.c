#include "lehr_dense.h"
#include "levels.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// Lanes of a running sum: fixed, so that the order of additions does not depend on the machine.
enum { LANES = 16 };

// exp(x) with a relative error below 2e-7; 0 below -87.3, exp(88.3) above 88.3.
//
// x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 in two parts, Cody and Waite), exp(r) by the
// polynomial of Cephes' expf (Moshier), times 2^n by building the exponent's bits.
static inline __attribute__((always_inline)) float exponential(float x) {
    const float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    float clamped = x < -87.3f ? -87.3f : x;
    clamped = clamped > 88.3f ? 88.3f : clamped;
    float rounded = clamped * 1.44269504088896341f + rounder;  // n in its low bits
    float n = rounded - rounder;
    float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * (r * r) + r) + 1.0f;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    bits = (bits - 0x4B400000u + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.3f ? 0.0f : p * power;
}

static inline __attribute__((always_inline)) float total(const float *lanes) {
    float pairs[8], quads[4];
    for (int i = 0; i < 8; i++) pairs[i] = lanes[i] + lanes[i + 8];
    for (int i = 0; i < 4; i++) quads[i] = pairs[i] + pairs[i + 4];
    return (quads[0] + quads[2]) + (quads[1] + quads[3]);
}

LEVELS void lehr_axpy(float *y, const float *x, float scale, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += scale * x[i];
}

LEVELS float lehr_dot(const float *x, const float *y, size_t count) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++) lanes[k] += x[i + k] * y[i + k];
    for (int k = 0; i + k < count; k++) lanes[k] += x[i + k] * y[i + k];
    return total(lanes);
}

LEVELS void lehr_sigmoid(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = 1.0f / (1.0f + exponential(-x[i]));
}

LEVELS void lehr_tanh(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = 2.0f / (1.0f + exponential(-2.0f * x[i])) - 1.0f;
}

LEVELS float lehr_softmax_row(float *row, const float *offsets, const int32_t *ids, size_t count,
                              size_t positive, float positive_offset, float scale) {
    const float own = row[positive] - positive_offset;
    const int32_t id = ids[positive];
    float largest[LANES];
    for (int k = 0; k < LANES; k++) largest[k] = own;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++) {
            float logit = row[i + k] - offsets[i + k];
            logit = ids[i + k] == id ? -INFINITY : logit;
            row[i + k] = logit;
            largest[k] = logit > largest[k] ? logit : largest[k];
        }
    for (; i < count; i++) {
        row[i] = ids[i] == id ? -INFINITY : row[i] - offsets[i];
        largest[0] = row[i] > largest[0] ? row[i] : largest[0];
    }
    row[positive] = own;
    float top = own;
    for (int k = 0; k < LANES; k++) top = largest[k] > top ? largest[k] : top;

    float lanes[LANES] = {0};
    for (i = 0; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++) {
            float e = exponential(row[i + k] - top);
            row[i + k] = e;
            lanes[k] += e;
        }
    for (int k = 0; i < count; i++, k++) {
        float e = exponential(row[i] - top);
        row[i] = e;
        lanes[k] += e;
    }
    const float sum = total(lanes);
    const float factor = scale / sum;
    for (i = 0; i < count; i++) row[i] *= factor;
    row[positive] -= scale;
    return (top - own) + logf(sum);
}
