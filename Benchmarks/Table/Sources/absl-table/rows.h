#pragma once

#include <cstddef>
#include <cstdint>

// What Lehr's rows begin with, too; the weight follows, aligned to 32 bytes.
struct RowHeader {
    uint64_t key;
    float show;
    float click;
    uint32_t lastSeen;
    uint32_t step;
    uint64_t unused;
};
static_assert(sizeof(RowHeader) == 32);

// Header, weight, and AdaGrad's sums of squares, of `dimension` floats each.
struct RowLayout {
    static constexpr size_t cacheLine = 64;

    size_t dimension;
    // Bytes from one row to the next.
    size_t stride;

    size_t weightBytes() const { return dimension * sizeof(float); }
    // To the end of the weight, and of all.
    size_t pullBytes() const { return sizeof(RowHeader) + weightBytes(); }
    size_t usedBytes() const { return pullBytes() + weightBytes(); }
};

inline RowHeader *headerOf(char *row) { return reinterpret_cast<RowHeader *>(row); }
inline float *weightOf(char *row) { return reinterpret_cast<float *>(row + sizeof(RowHeader)); }

// `G += g^2; w -= rate * g / sqrt(G)` (Duchi, Hazan and Singer 2011), and the header of a push.
void adagrad(char *row, const RowLayout &layout, const float *gradient, uint32_t now);

// The row of a key that is new.
void initialise(char *row, const RowLayout &layout, uint64_t key);
