#include "rows.h"

#include <algorithm>
#include <cstring>

namespace {

constexpr float rate = 0.05f;
constexpr float initialAccumulator = 0.1f;

typedef float Vector __attribute__((vector_size(32), aligned(4)));

Vector &vectorAt(float *floats) { return *reinterpret_cast<Vector *>(floats); }
const Vector &vectorAt(const float *floats) { return *reinterpret_cast<const Vector *>(floats); }

}  // namespace

void initialise(char *row, const RowLayout &layout, uint64_t key) {
    *headerOf(row) = RowHeader{key, 0, 0, 0, 0, 0};
    float *weight = weightOf(row);
    // Uniform in [0, 1), so that a sum over rows says whether they are the right ones.
    std::fill_n(weight, layout.dimension, float(key >> 40) * 0x1p-24f);
    std::fill_n(weight + layout.dimension, layout.dimension, initialAccumulator);
}

void adagrad(char *row, const RowLayout &layout, const float *gradient, uint32_t now) {
    headerOf(row)->show += 1;
    headerOf(row)->lastSeen = now;
    float *weight = weightOf(row);
    float *squares = weight + layout.dimension;
    size_t i = 0;
    // By hand: std::sqrt sets errno, so that the compiler makes no vectors of it.
    for (; i + 8 <= layout.dimension; i += 8) {
        Vector g = vectorAt(gradient + i);
        Vector sum = vectorAt(squares + i) + g * g;
        vectorAt(squares + i) = sum;
        vectorAt(weight + i) -= rate * g / __builtin_elementwise_sqrt(sum);
    }
    for (; i < layout.dimension; i++) {
        squares[i] += gradient[i] * gradient[i];
        weight[i] -= rate * gradient[i] / __builtin_elementwise_sqrt(squares[i]);
    }
}
