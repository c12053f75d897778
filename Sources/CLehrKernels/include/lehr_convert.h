#pragma once

#include <stddef.h>
#include <stdint.h>

// Conversions of rows of f32 to shorter numbers and back; the batch is the unit of a call.
//
// The short side of a conversion may be at any address: it may lie within a message. All round to
// nearest, ties to even, and give the same bits on every machine.
//
// f16 is IEEE 754 binary16, bf16 the upper half of an f32. A finite number beyond the largest one
// (65504, or 3.39e38) becomes that, with its sign. Infinities stay, and NaN stays NaN, so that who
// looks for them still finds them.
//
// int8 has an f32 scale for each row, max|x| / 127: x is about q * scale with q from -127 to 127, and
// the error at most 0.50002 times the scale. A row of zeros, or of nothing above 1.4e-36, has scale 0
// and comes back as zeros. A row in which a number is not finite comes back as NaN throughout.

void lehr_f32_to_f16(const float *in, void *out, size_t count);
void lehr_f16_to_f32(const void *in, float *out, size_t count);
void lehr_f32_to_bf16(const float *in, void *out, size_t count);
void lehr_bf16_to_f32(const void *in, float *out, size_t count);

// As above, on a machine without instructions for it: what tests compare with.
void lehr_f32_to_f16_plain(const float *in, void *out, size_t count);
void lehr_f16_to_f32_plain(const void *in, float *out, size_t count);

// `count` rows of `width` numbers, one after the other; `scales` are `count` f32.
void lehr_f32_to_i8(const float *in, void *scales, void *out, size_t width, size_t count);
void lehr_i8_to_f32(const void *scales, const void *in, float *out, size_t width, size_t count);

// The same for rows that are anywhere: row i has its `width` numbers `offset` bytes behind `rows[i]`
// and, for int8, its scale `scale_offset` bytes behind it. Where `rows[i]` is NULL, row i of the f32
// side is passed over: neither read nor written.
void lehr_rows_f16_to_f32(
    const void *const *rows, size_t offset, size_t width, size_t count, float *out);
void lehr_rows_f32_to_f16(
    void *const *rows, size_t offset, size_t width, size_t count, const float *in);
void lehr_rows_bf16_to_f32(
    const void *const *rows, size_t offset, size_t width, size_t count, float *out);
void lehr_rows_f32_to_bf16(
    void *const *rows, size_t offset, size_t width, size_t count, const float *in);
void lehr_rows_i8_to_f32(
    const void *const *rows, size_t scale_offset, size_t offset, size_t width, size_t count,
    float *out);
void lehr_rows_f32_to_i8(
    void *const *rows, size_t scale_offset, size_t offset, size_t width, size_t count,
    const float *in);
