#pragma once

#include <stddef.h>
#include <stdint.h>

// Inner products for retrieval. All matrices are row-major, `dim` floats a row, without gaps.

// `scores[r]` = row r of `rows` . `query`, for `count` rows.
void lehr_dot_rows(
    const float *rows, size_t count, size_t dim, const float *query, float *scores);

// Four queries at once, so that each row is read once: `queries` holds four rows, and
// `scores[q * stride + r]` = row r . query q.
void lehr_dot_rows4(
    const float *rows, size_t count, size_t dim, const float *queries, float *scores,
    size_t stride);

// `scores[i]` = row `indices[i]` of `rows` . `query`, for `count` indices.
void lehr_dot_gather(
    const float *rows, const uint32_t *indices, size_t count, size_t dim, const float *query,
    float *scores);

// Positions of the scores above `threshold`, in order, written to `hits` (room for `count`);
// returns how many. NaN is never above.
size_t lehr_above(const float *scores, size_t count, float threshold, uint32_t *hits);
