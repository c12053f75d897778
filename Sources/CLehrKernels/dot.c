#include "lehr_dot.h"
#include "levels.h"

#include <string.h>

// A score is the same bits on every machine and by every function here: products are rounded
// before they are added, and sums run over sixteen lanes in a fixed order.
#pragma STDC FP_CONTRACT OFF

typedef float Lanes __attribute__((vector_size(64)));

#define INLINE static inline __attribute__((always_inline))

// Sixteen floats from `at`; zeros from `left` on.
INLINE void load(Lanes *lanes, const float *at, size_t left) {
    if (left >= 16) {
        memcpy(lanes, at, 64);
    } else {
        *lanes = (Lanes){0};
        memcpy(lanes, at, left * sizeof(float));
    }
}

// The sum of the lanes, halving them four times.
INLINE float total(const Lanes *lanes) {
    float sums[16];
    memcpy(sums, lanes, sizeof sums);
    for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; i++) sums[i] += sums[i + width];
    return sums[0];
}

INLINE float dot(const float *row, const float *query, size_t dim) {
    Lanes sum = {0};
    for (size_t i = 0; i < dim; i += 16) {
        Lanes a, b;
        load(&a, row + i, dim - i);
        load(&b, query + i, dim - i);
        sum += a * b;
    }
    return total(&sum);
}

LEVELS
void lehr_dot_rows(
    const float *rows, size_t count, size_t dim, const float *query, float *scores) {
    for (size_t r = 0; r < count; r++) scores[r] = dot(rows + r * dim, query, dim);
}

LEVELS
void lehr_dot_rows4(
    const float *rows, size_t count, size_t dim, const float *queries, float *scores,
    size_t stride) {
    for (size_t r = 0; r < count; r++) {
        const float *row = rows + r * dim;
        Lanes sums[4] = {{0}};
        for (size_t i = 0; i < dim; i += 16) {
            Lanes a;
            load(&a, row + i, dim - i);
            for (int q = 0; q < 4; q++) {
                Lanes b;
                load(&b, queries + q * dim + i, dim - i);
                sums[q] += a * b;
            }
        }
        for (int q = 0; q < 4; q++) scores[q * stride + r] = total(&sums[q]);
    }
}

LEVELS
void lehr_dot_gather(
    const float *rows, const uint32_t *indices, size_t count, size_t dim, const float *query,
    float *scores) {
    for (size_t i = 0; i < count; i++)
        scores[i] = dot(rows + (size_t)indices[i] * dim, query, dim);
}

LEVELS
size_t lehr_above(const float *scores, size_t count, float threshold, uint32_t *hits) {
    size_t found = 0;
    size_t start = 0;
    for (; start + 16 <= count; start += 16) {
        // Most sixteens have no hit: one test passes over them.
        int any = 0;
        for (size_t i = 0; i < 16; i++) any |= scores[start + i] > threshold;
        if (!any) continue;
        for (size_t i = start; i < start + 16; i++)
            if (scores[i] > threshold) hits[found++] = (uint32_t)i;
    }
    for (; start < count; start++)
        if (scores[start] > threshold) hits[found++] = (uint32_t)start;
    return found;
}
