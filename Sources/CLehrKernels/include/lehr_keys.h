#pragma once

#include <stddef.h>
#include <stdint.h>

// Keys as differences of 1 to 8 bytes: see `DeltaKeys` for the layout, of which these make and read
// the lengths (`control`, three bits a key, three bytes for each eight keys) and the bytes (`data`).

// Bytes of `control` for `count` keys.
static inline size_t lehr_delta_control_size(size_t count) { return (count + 7) / 8 * 3; }

// Writes all of `control`, and up to 8 * count bytes of `data`; returns how many of them count.
size_t lehr_delta_encode(const uint64_t *keys, size_t count, void *control, void *data);

// Bytes of `data` that `control` promises for `count` keys.
size_t lehr_delta_data_size(const void *control, size_t count);

// Reads `size` bytes of `data`, exactly as many as `lehr_delta_data_size` says, and no others.
void lehr_delta_decode(
    const void *control, const void *data, size_t size, uint64_t *keys, size_t count);
