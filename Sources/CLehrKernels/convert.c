#include "lehr_convert.h"
#include "levels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// Numbers converted together: with a fixed count the compiler makes straight vector code, also for
// the short rows of embeddings.
enum { LANES = 16 };

INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// A bit pattern without its sign is as large as the number that it stands for.
enum { MAGNITUDE = 0x7FFFFFFF, INFINITE = 0x7F800000, QUIET = 0x00400000 };

enum { F16_LARGEST = 0x477FE000, BF16_LARGEST = 0x7F7F0000 };

INLINE uint32_t f16_from(float x) {
    const uint32_t bits = bits_of(x);
    const uint32_t magnitude = bits & MAGNITUDE;
    const uint32_t finite = magnitude > F16_LARGEST ? F16_LARGEST : magnitude;
    // Normal: the exponent with the other bias, and thirteen bits rounded off.
    const uint32_t normal = (finite - (112u << 23) + 0xFFFu + ((finite >> 13) & 1)) >> 13;
    // Below 2^-14: added to a half, whose last place is that of the smallest f16, it is rounded there.
    const uint32_t tiny = bits_of(float_of(finite) + 0.5f) - bits_of(0.5f);
    const uint32_t number = finite < (113u << 23) ? tiny : normal;
    const uint32_t payload = magnitude > INFINITE ? 0x200u | ((magnitude >> 13) & 0x3FFu) : 0;
    return (bits >> 16 & 0x8000u) | (magnitude >= INFINITE ? 0x7C00u | payload : number);
}

INLINE float f16_to(uint32_t half) {
    const uint32_t magnitude = half & 0x7FFFu;
    const uint32_t normal = (magnitude << 13) + (112u << 23);
    // Below 2^-14: as a normal number of the exponent 2^-14, from which its leading one is taken.
    const uint32_t tiny = bits_of(float_of((magnitude << 13) + (113u << 23)) - float_of(113u << 23));
    const uint32_t special =
        (magnitude << 13) | INFINITE | (magnitude > 0x7C00u ? QUIET : 0);
    const uint32_t number = magnitude < 0x400u ? tiny : normal;
    return float_of((half & 0x8000u) << 16 | (magnitude >= 0x7C00u ? special : number));
}

INLINE uint32_t bf16_from(float x) {
    const uint32_t bits = bits_of(x);
    const uint32_t magnitude = bits & MAGNITUDE;
    const uint32_t finite = magnitude > BF16_LARGEST ? BF16_LARGEST : magnitude;
    const uint32_t number = (finite + 0x7FFFu + ((finite >> 16) & 1)) >> 16;
    const uint32_t special = (magnitude | (magnitude > INFINITE ? QUIET : 0)) >> 16;
    return (bits >> 16 & 0x8000u) | (magnitude >= INFINITE ? special : number);
}

INLINE float bf16_to(uint32_t half) {
    const uint32_t magnitude = (half & 0x7FFFu) << 16;
    return float_of(half << 16 | (magnitude > INFINITE ? QUIET : 0));
}

INLINE void narrow_f16_lanes(const float *in, char *out) {
    uint16_t halves[LANES];
    for (int k = 0; k < LANES; k++) halves[k] = (uint16_t)f16_from(in[k]);
    memcpy(out, halves, sizeof halves);
}

INLINE void widen_f16_lanes(const char *in, float *out) {
    uint16_t halves[LANES];
    memcpy(halves, in, sizeof halves);
    for (int k = 0; k < LANES; k++) out[k] = f16_to(halves[k]);
}

INLINE void narrow_bf16_lanes(const float *in, char *out) {
    uint16_t halves[LANES];
    for (int k = 0; k < LANES; k++) halves[k] = (uint16_t)bf16_from(in[k]);
    memcpy(out, halves, sizeof halves);
}

INLINE void widen_bf16_lanes(const char *in, float *out) {
    uint16_t halves[LANES];
    memcpy(halves, in, sizeof halves);
    for (int k = 0; k < LANES; k++) out[k] = bf16_to(halves[k]);
}

// A row by `lanes`, for any function with `attributes`.
#define ROW_OF(lanes, attributes)                                                              \
    attributes INLINE void narrow_##lanes(const float *in, char *out, size_t count) {          \
        size_t i = 0;                                                                          \
        for (; i + LANES <= count; i += LANES) narrow_##lanes##_lanes(in + i, out + 2 * i);    \
        if (i == count) return;                                                                \
        float last[LANES] = {0};                                                               \
        char halves[2 * LANES];                                                                \
        memcpy(last, in + i, (count - i) * sizeof(float));                                     \
        narrow_##lanes##_lanes(last, halves);                                                  \
        memcpy(out + 2 * i, halves, 2 * (count - i));                                          \
    }                                                                                          \
    attributes INLINE void widen_##lanes(const char *in, float *out, size_t count) {           \
        size_t i = 0;                                                                          \
        for (; i + LANES <= count; i += LANES) widen_##lanes##_lanes(in + 2 * i, out + i);     \
        if (i == count) return;                                                                \
        float last[LANES];                                                                     \
        char halves[2 * LANES] = {0};                                                          \
        memcpy(halves, in + 2 * i, 2 * (count - i));                                           \
        widen_##lanes##_lanes(halves, last);                                                   \
        memcpy(out + i, last, (count - i) * sizeof(float));                                    \
    }

// The functions of the header for a format, named and made as is said.
#define FORMAT_16(format, suffix, lanes, attributes)                                           \
    attributes void lehr_f32_to_##format##suffix(const float *in, void *out, size_t count) {   \
        narrow_##lanes(in, out, count);                                                        \
    }                                                                                          \
    attributes void lehr_##format##_to_f32##suffix(const void *in, float *out, size_t count) { \
        widen_##lanes(in, out, count);                                                         \
    }                                                                                          \
    attributes void lehr_rows_##format##_to_f32##suffix(                                       \
        const void *const *rows, size_t offset, size_t width, size_t count, float *out) {      \
        for (size_t i = 0; i < count; i++)                                                     \
            if (rows[i]) widen_##lanes((const char *)rows[i] + offset, out + i * width, width); \
    }                                                                                          \
    attributes void lehr_rows_f32_to_##format##suffix(                                         \
        void *const *rows, size_t offset, size_t width, size_t count, const float *in) {       \
        for (size_t i = 0; i < count; i++)                                                     \
            if (rows[i]) narrow_##lanes(in + i * width, (char *)rows[i] + offset, width);      \
    }

ROW_OF(bf16, )
FORMAT_16(bf16, , bf16, LEVELS)

ROW_OF(f16, )
FORMAT_16(f16, _plain, f16, )

// MARK: - f16 by the processor

#if defined(__x86_64__)
#include <immintrin.h>

// The processor's own conversion rounds, and treats NaN, as `f16_from` and `f16_to` do; only what is
// too large is made smaller before. A clone of `LEVELS` cannot have code of its own, hence a choice at
// each call.
#define F16C __attribute__((target("avx2,f16c")))
#define HAS_F16C() (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c"))

F16C INLINE __m128i narrow_eight(__m256 x) {
    const __m256i sign = _mm256_set1_epi32((int)~MAGNITUDE);
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i magnitude = _mm256_andnot_si256(sign, bits);
    const __m256i special = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(INFINITE - 1));
    const __m256i limit = _mm256_or_si256(special, _mm256_set1_epi32(F16_LARGEST));
    const __m256i finite = _mm256_min_epu32(magnitude, limit);
    const __m256i limited = _mm256_or_si256(_mm256_and_si256(sign, bits), finite);
    return _mm256_cvtps_ph(_mm256_castsi256_ps(limited), _MM_FROUND_TO_NEAREST_INT);
}

F16C INLINE void narrow_f16c_lanes(const float *in, char *out) {
    for (int k = 0; k < LANES; k += 8)
        _mm_storeu_si128((__m128i *)(out + 2 * k), narrow_eight(_mm256_loadu_ps(in + k)));
}

F16C INLINE void widen_f16c_lanes(const char *in, float *out) {
    for (int k = 0; k < LANES; k += 8)
        _mm256_storeu_ps(
            out + k, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + 2 * k))));
}

ROW_OF(f16c, F16C)
FORMAT_16(f16, _f16c, f16c, F16C static)
#define BY_PROCESSOR(name) (HAS_F16C() ? name##_f16c : name##_plain)
#else
#define BY_PROCESSOR(name) name##_plain
#endif

void lehr_f32_to_f16(const float *in, void *out, size_t count) {
    BY_PROCESSOR(lehr_f32_to_f16)(in, out, count);
}

void lehr_f16_to_f32(const void *in, float *out, size_t count) {
    BY_PROCESSOR(lehr_f16_to_f32)(in, out, count);
}

void lehr_rows_f16_to_f32(
    const void *const *rows, size_t offset, size_t width, size_t count, float *out) {
    BY_PROCESSOR(lehr_rows_f16_to_f32)(rows, offset, width, count, out);
}

void lehr_rows_f32_to_f16(
    void *const *rows, size_t offset, size_t width, size_t count, const float *in) {
    BY_PROCESSOR(lehr_rows_f32_to_f16)(rows, offset, width, count, in);
}

// MARK: - int8

typedef int32_t Magnitudes __attribute__((vector_size(4 * LANES)));

INLINE void raise(Magnitudes *largest, const float *numbers) {
    Magnitudes bits;
    memcpy(&bits, numbers, sizeof bits);
    *largest = __builtin_elementwise_max(*largest, bits & MAGNITUDE);
}

INLINE float scale_of(const float *row, size_t width) {
    Magnitudes magnitudes = {0};
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) raise(&magnitudes, row + i);
    if (i < width) {
        float last[LANES] = {0};
        memcpy(last, row + i, (width - i) * sizeof(float));
        raise(&magnitudes, last);
    }
    const int32_t largest = __builtin_reduce_max(magnitudes);
    if (largest >= INFINITE) return float_of(INFINITE | QUIET);
    const float scale = float_of((uint32_t)largest) / 127.0f;
    // Beyond this, rounded up as it may be, 127 times the scale is infinite.
    if (scale > 0x1.020406p+121f) return 0x1.020406p+121f;
    // A scale with few bits would be a poor one, and 1 / scale could be infinite.
    return scale < 0x1p-126f ? 0.0f : scale;
}

INLINE void narrow_i8_lanes(const float *in, float factor, char *out) {
    const float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    int8_t bytes[LANES];
    for (int k = 0; k < LANES; k++)
        bytes[k] = (int8_t)(bits_of(in[k] * factor + rounder) - bits_of(rounder));
    memcpy(out, bytes, sizeof bytes);
}

INLINE void widen_i8_lanes(const char *in, float scale, float *out) {
    int8_t bytes[LANES];
    memcpy(bytes, in, sizeof bytes);
    for (int k = 0; k < LANES; k++) out[k] = (float)bytes[k] * scale;
}

INLINE void narrow_i8(const float *in, char *scale_out, char *out, size_t width) {
    const float scale = scale_of(in, width);
    memcpy(scale_out, &scale, sizeof scale);
    if (!(scale > 0)) {
        memset(out, 0, width);
        return;
    }
    const float factor = 1.0f / scale;
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) narrow_i8_lanes(in + i, factor, out + i);
    if (i == width) return;
    float last[LANES] = {0};
    char bytes[LANES];
    memcpy(last, in + i, (width - i) * sizeof(float));
    narrow_i8_lanes(last, factor, bytes);
    memcpy(out + i, bytes, width - i);
}

INLINE void widen_i8(const char *scale_in, const char *in, float *out, size_t width) {
    float scale;
    memcpy(&scale, scale_in, sizeof scale);
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) widen_i8_lanes(in + i, scale, out + i);
    if (i == width) return;
    float last[LANES];
    char bytes[LANES] = {0};
    memcpy(bytes, in + i, width - i);
    widen_i8_lanes(bytes, scale, last);
    memcpy(out + i, last, (width - i) * sizeof(float));
}

LEVELS void lehr_f32_to_i8(
    const float *in, void *scales, void *out, size_t width, size_t count) {
    for (size_t i = 0; i < count; i++)
        narrow_i8(in + i * width, (char *)scales + 4 * i, (char *)out + i * width, width);
}

LEVELS void lehr_i8_to_f32(
    const void *scales, const void *in, float *out, size_t width, size_t count) {
    for (size_t i = 0; i < count; i++)
        widen_i8((const char *)scales + 4 * i, (const char *)in + i * width, out + i * width, width);
}

LEVELS void lehr_rows_i8_to_f32(
    const void *const *rows, size_t scale_offset, size_t offset, size_t width, size_t count,
    float *out) {
    for (size_t i = 0; i < count; i++) {
        const char *row = rows[i];
        if (row) widen_i8(row + scale_offset, row + offset, out + i * width, width);
    }
}

LEVELS void lehr_rows_f32_to_i8(
    void *const *rows, size_t scale_offset, size_t offset, size_t width, size_t count,
    const float *in) {
    for (size_t i = 0; i < count; i++) {
        char *row = rows[i];
        if (row) narrow_i8(in + i * width, row + scale_offset, row + offset, width);
    }
}
